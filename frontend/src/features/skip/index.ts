// What other folders may use of this feature.

export { hatchedRows } from "./layers";
export { default as SkipMarked } from "./SkipMarked.svelte";

export const skipPanel = () => import("./SkipPanel.svelte");
