// What other folders may use of this feature.
export { default as AskForm } from "./AskForm.svelte";
export { draft, several } from "./draft.svelte";
export { default as FirstQuestions } from "./FirstQuestions.svelte";
export { default as Gallery } from "./Gallery.svelte";
export { default as History } from "./History.svelte";
export { type Change, changed, questionOf } from "./question";
export { default as RoleField } from "./RoleField.svelte";
export { isComplete, type Role, readRole, writeRole } from "./role";
export { toBeSeen } from "./seen";
export { askBeside, send, sendAgain, sendSet } from "./send";
