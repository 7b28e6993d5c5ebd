// What other folders may use of this feature.
export { default as LensSwitch } from "./LensSwitch.svelte";
export { default as Reading } from "./Reading.svelte";
