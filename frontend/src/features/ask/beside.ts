// The same question with one change, put beside the answer it is compared with.
import type { Analysis } from "../../api/types";
import { page } from "../../state/page.svelte";
import type { Selection } from "../../state/permalink";
import { type Change, changed } from "./question";
import { send } from "./send";

/** Goes to the pair's address; throws ApiError where the server refuses. selection: as shown. */
export async function askBeside(
	analysis: Analysis,
	selection: Selection,
	change: Change,
): Promise<void> {
	const id = await send(await changed(analysis, change, false));
	page.open(analysis.id, { ...selection, range: null }, { id, token: null, lens: selection.lens });
}
