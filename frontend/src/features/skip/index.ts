// What other folders may use of this feature.

export { hatchedRows } from "./layers";
export { default as SkipMarked } from "./SkipMarked.svelte";
export { default as SkipMenu } from "./SkipMenu.svelte";
