// What other folders may use of this feature.

export { default as Answer } from "./Answer.svelte";
export { default as Deletion } from "./Deletion.svelte";
export { default as SideState } from "./SideState.svelte";
export { default as StageLine } from "./StageLine.svelte";
