// What other folders may use of this feature.
export { default as LensSwitch } from "./LensSwitch.svelte";
export { DIVERGENCE_HELP, divergenceName, LENS_OPTIONS, lensName } from "./names";
export { default as Reading } from "./Reading.svelte";
