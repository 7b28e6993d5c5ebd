// The one list of views. A new view is a file and a line here.
import type { Component } from "svelte";
import CausalTests from "../causal/CausalTests.svelte";
import Patches from "../patches/Patches.svelte";
import CellWords from "./CellWords.svelte";
import Competition from "./Competition.svelte";
import Divergence from "./Divergence.svelte";
import Fretboard from "./Fretboard.svelte";
import Board from "./fretboard/Board.svelte";
import type { ViewProps } from "./props";
import StageLine from "./StageLine.svelte";
import Trajectory from "./Trajectory.svelte";

/** strings: under the answer, on the token axis; side: the selected token; wide: the full width below. */
export type Slot = "strings" | "side" | "wide";

export interface View {
	name: string;
	slot: Slot;
	component: Component<ViewProps>;
}

export const VIEWS: readonly View[] = [
	{ name: "fretboard", slot: "strings", component: Fretboard },
	{ name: "divergence", slot: "strings", component: Divergence },
	{ name: "stage", slot: "side", component: StageLine },
	{ name: "competition", slot: "side", component: Competition },
	{ name: "cell", slot: "side", component: CellWords },
	{ name: "patches", slot: "wide", component: Patches },
	{ name: "trajectory", slot: "wide", component: Trajectory },
	{ name: "causal", slot: "wide", component: CausalTests },
];

/** Of each of two compared analyses, in this order; their controls are shared, so the board comes alone. */
export const COMPARED: readonly Component<ViewProps>[] = [
	Board,
	StageLine,
	Divergence,
	Competition,
	CellWords,
];

export const viewsIn = (slot: Slot) => VIEWS.filter((view) => view.slot === slot);
