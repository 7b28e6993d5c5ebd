// What other folders may use of this feature.
export { default as SteerMenu } from "./SteerMenu.svelte";
