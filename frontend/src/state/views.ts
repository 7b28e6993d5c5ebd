// What every view gets, and nothing else.

import type { Trouble } from "../api/client";
import type { Analysis, Lens } from "../api/types";
import type { Selection } from "./permalink";
import type { Neighbour, StageChoice } from "./reading";
import type { Bounds } from "./selection";
import type { Side } from "./side.svelte";
import type { Theme } from "./theme.svelte";

export interface ViewProps {
	/** A finished analysis. */
	analysis: Analysis;
	selection: Selection;
	bounds: Bounds;
	/** The lens in force: the selection's, else the analysis's own. */
	lens: Lens;
	/** How the stages on show were found; the selection may ask for others that were refused. */
	stages: StageChoice;
	refusal: Trouble | null;
	theme: Theme;
	/** " of A" beside another: what is on the page twice is told apart by it. */
	of: string;
	/** The analysis that figures share their axes and colours with. */
	beside: Neighbour | null;
	select: (patch: Partial<Selection>) => void;
}

/** The props of the views of one side; null until it has an analysis to show. */
export function propsOf(
	side: Side,
	selection: Selection,
	theme: Theme,
	beside: Neighbour | null,
	select: ViewProps["select"],
	of = "",
): ViewProps | null {
	const { done: analysis, bounds, stages, refusal } = side;
	if (!analysis) return null;
	const lens = side.lens(selection.lens);
	return { analysis, selection, bounds, lens, stages, refusal, theme, of, beside, select };
}
