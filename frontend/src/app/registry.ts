// The one list of views. A new view is a file and a line here.
import type { Component } from "svelte";
import { StageLine } from "../features/answer";
import { CellWords, Competition } from "../features/competition";
import { Divergence } from "../features/divergence";
import { Board, Fretboard } from "../features/fretboard";
import { EMPTY, type Selection } from "../state/permalink";
import type { ViewProps } from "../state/views";
import type TERMS from "../text/terms.json";

/** Under the answer, on the token axis. */
export const STRINGS: readonly Component<ViewProps>[] = [Fretboard, Divergence];

/** The selected token. */
export const SIDE: readonly Component<ViewProps>[] = [StageLine, Competition, CellWords];

/** A view of the full width below: it costs the model's time, so it is loaded when it comes into sight. */
export interface WideView {
	name: string;
	title: string;
	/** What it answers, under its title and in the list of what is further down. */
	question: string;
	/** Behind the "?". */
	term: keyof typeof TERMS;
	/** Of the skeleton, CSS pixels. */
	height: number;
	load: () => Promise<{ default: Component<ViewProps> }>;
	/** A link that names something in it opens there. */
	linked?: (selection: Selection) => boolean;
}

export const WIDE: readonly WideView[] = [
	{
		name: "patches",
		title: "Image patches",
		question: "What does the model make of each part of the image?",
		term: "an image patch",
		height: 480,
		load: () => import("../features/patches/Patches.svelte"),
		linked: ({ patchWord, patch }) => patchWord !== null || patch !== null,
	},
	{
		name: "trajectory",
		title: "Trajectory",
		question: "How do the hidden states of the tokens move from depth to depth?",
		term: "the trajectory",
		height: 690,
		load: () => import("../features/map/Trajectory.svelte"),
		linked: ({ map }) => JSON.stringify(map) !== JSON.stringify(EMPTY.map),
	},
	{
		name: "causal",
		title: "Causal tests",
		question: "What does the answer depend on: the image, one layer, attention or the MLPs?",
		term: "a causal test",
		height: 400,
		load: () => import("../features/causal/CausalTests.svelte"),
		linked: (selection) => selection.test !== null,
	},
];

/** The section of a wide view, for links to it. */
export const sectionId = (view: WideView) => `view-${view.name}`;

/** Of each of two compared analyses, in this order; their controls are shared, so the board comes alone. */
export const COMPARED: readonly Component<ViewProps>[] = [
	Board,
	StageLine,
	Divergence,
	Competition,
	CellWords,
];
