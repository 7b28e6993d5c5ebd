// What every view gets, and nothing else.
import type { Analysis, Lens } from "../api/types";
import type { Selection } from "../state/permalink";
import type { Bounds } from "../state/selection";
import type { Theme } from "../state/theme.svelte";

export interface ViewProps {
	/** A finished analysis. */
	analysis: Analysis;
	selection: Selection;
	bounds: Bounds;
	/** The lens in force: the selection's, else the analysis's own. */
	lens: Lens;
	theme: Theme;
	select: (patch: Partial<Selection>) => void;
}
