// What other folders may use of this feature.
export { default as Divergence } from "./Divergence.svelte";
