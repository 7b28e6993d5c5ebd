// The same question without some layers, put beside the answer it is compared with.
import type { Analysis, SkipWhen } from "../../api/types";
import { page } from "../../state/page.svelte";
import type { Selection } from "../../state/permalink";
import { changed, send } from "../ask";

/** Goes to the pair's address; throws ApiError where the server refuses. selection: as shown. */
export async function runWithout(
	analysis: Analysis,
	selection: Selection,
	layers: string,
	when: SkipWhen,
): Promise<void> {
	const id = await send(await changed(analysis, { kind: "skip", layers, when }, false));
	page.open(analysis.id, { ...selection, range: null }, { id, token: null, lens: selection.lens });
}
