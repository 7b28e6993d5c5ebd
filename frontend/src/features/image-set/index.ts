// What other folders may use of this feature.

export { imageSet } from "./imageSet.svelte";
export { default as WorldSets } from "./WorldSets.svelte";
