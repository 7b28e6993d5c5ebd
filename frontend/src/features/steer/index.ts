// What other folders may use of this feature.
export const steerPanel = () => import("./SteerPanel.svelte");
