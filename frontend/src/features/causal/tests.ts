// The causal tests: their names, what each asks, and what one was asked with. Pure.
import type { CausalTest, Kind, ListedTest } from "../../api/types";

export interface TestKind {
	value: Kind;
	label: string;
	title: string;
	/** What is done, in one sentence. */
	about: string;
	needsImage: boolean;
}

export const KINDS: readonly TestKind[] = [
	{
		value: "cut",
		label: "Image cut",
		title: "From a depth on, the text does not see the image",
		about:
			"From each depth on, no text position sees the image positions any more: how likely is the same answer still?",
		needsImage: true,
	},
	{
		value: "patching",
		label: "Patching",
		title: "States of the run with the image put into a run without it",
		about:
			"States of the run with the image are put into a run with another image, at each depth and at some positions: how much of the answer do they bring back?",
		needsImage: true,
	},
	{
		value: "saliency",
		label: "Where it looks",
		title: "Attention, rollout, gradients, activation and patch ablation over the image",
		about:
			"Which patches does the answer need? Attention, rollout, integrated gradients and the token activation map beside the causal one: each patch alone replaced by grey. Not each of them points at what a word names: the result says which did not on scenes with known boxes.",
		needsImage: true,
	},
	{
		value: "knockout",
		label: "Layer knockout",
		title: "Each layer alone left out",
		about: "Each layer alone is left out: how much less likely is the same answer without it?",
		needsImage: false,
	},
	{
		value: "attribution",
		label: "Attention and MLP",
		title: "What attention and MLP of each layer add",
		about:
			"How far the attention and the MLP of each layer move the logits from the strongest rival towards the emitted token, directly.",
		needsImage: false,
	},
];

export const kindOf = (value: Kind): TestKind =>
	KINDS.find((kind) => kind.value === value) as TestKind;

/** What a test was asked with: "Patching, against a grey image". */
export function testName(test: ListedTest | CausalTest): string {
	const { label } = kindOf(test.kind);
	if (test.kind === "attribution" && test.rival) return `${label}, against “${test.rival}”`;
	if (test.kind !== "patching") return label;
	const other = test.other === "blank" ? "a grey image" : `image ${test.other.slice(0, 6)}`;
	return test.into_image
		? `${label}, ${other}’s states put into the image’s run`
		: `${label}, against ${other}`;
}

/** px: room for a row a depth, for three rows of maps, or for bars and curves. */
export const heightOf = (kind: Kind, depths: number) =>
	kind === "patching" ? 96 + 24 * depths : kind === "saliency" ? 860 : 340;
