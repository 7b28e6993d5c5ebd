// How the numbers are read, and what that is called on the page: lens, divergence, display scaling, and how the stages
// are found. Pure.
// The names of the parameters are the API's, in the address as in its queries.
import type { Divergence, Lens, Scaling, StageMethod } from "../api/types";
import {
	type Codec,
	choice,
	decimal,
	type Named,
	named,
	table,
	valuesOf,
	withValue,
} from "./codec";
import { THRESHOLDS, type Threshold } from "./thresholds";

/** Lenses of single distributions, then differences: the second is taken off the first. */
export const LENSES = [
	"normed",
	"raw",
	"jacobian",
	"tuned",
	"latent",
	"difference",
	"jacobian-normed",
	"tuned-normed",
	"jacobian-raw",
	"tuned-raw",
	"tuned-jacobian",
] as const satisfies readonly Lens[];

/** Of a difference: the lens, and the one that is taken off it. */
export function pairOf(lens: Lens): readonly [Lens, Lens] | null {
	if (lens === "difference") return ["raw", "normed"];
	const [first, second] = lens.split("-") as [Lens, Lens | undefined];
	return second ? [first, second] : null;
}

const capital = (lens: Lens) => (lens === "jacobian" ? "Jacobian" : lens);

export const lensName = (lens: Lens) => `${(pairOf(lens) ?? [lens]).map(capital).join(" − ")} lens`;

/** The lens whose distributions are proper: nobody leads a difference. */
export const baseOf = (lens: Lens): Lens => pairOf(lens)?.[1] ?? lens;

export const DIFFERENCES = LENSES.filter(pairOf);

export const LENS_OPTIONS: readonly Named<Lens>[] = [
	{ value: "normed", label: "Normed", title: "Final norm at every depth (default)" },
	{
		value: "raw",
		label: "Raw",
		title: "No norm before the last depth, as in the paper's scripts",
	},
	{
		value: "jacobian",
		label: "Jacobian",
		title: "Fitted: the state as it reaches the last depth on average, then as normed",
	},
	{
		value: "tuned",
		label: "Tuned",
		title: "Fitted: an affine map at every depth, nearest to the final distribution",
	},
	{
		value: "difference",
		label: "Difference",
		title: "One lens minus another: raw minus normed is what a finding owes to scale",
	},
];

export const DIVERGENCE_OPTIONS: readonly Named<Divergence>[] = [
	{
		value: "jsd",
		label: "JSD",
		title: "Jensen–Shannon divergence, in nats, within 0 and 0.69 (default)",
	},
	{
		value: "paper-code",
		label: "Paper’s code",
		title: "What the paper's published script computes; unbounded, for reproduction",
	},
	{
		value: "symmetric-kl",
		label: "Symmetric KL",
		title: "Mean of the two Kullback–Leibler divergences, in nats, unbounded",
	},
];

export const divergenceName = (divergence: Divergence) =>
	DIVERGENCE_OPTIONS.find((option) => option.value === divergence)?.label ?? divergence;

/** What the divergence says and how large it can be. */
export const DIVERGENCE_HELP: Readonly<Record<Divergence, string>> = {
	jsd: "as the Jensen–Shannon divergence in nats: 0 is no change, 0.69 the most there can be",
	"paper-code":
		"as the paper’s published script computes it: the direction is reversed and the sum is a mean over the vocabulary. It has no upper bound; use it to compare with the paper",
	"symmetric-kl":
		"as the mean of the two Kullback–Leibler divergences in nats: 0 is no change, and there is no upper bound",
};

export const SCALING_OPTIONS: readonly Named<Scaling>[] = [
	{ value: "none", label: "None", title: "The values as they are (default)" },
	{
		value: "depth",
		label: "Per depth",
		title:
			"Each depth by its largest value, as in the paper; colours cannot be compared across depths",
	},
	{
		value: "token",
		label: "Per token",
		title: "Each token by its largest value; colours cannot be compared across tokens",
	},
];

export const METHOD_OPTIONS: readonly Named<StageMethod>[] = [
	{ value: "automatic", label: "Automatic", title: "Found in this answer (default)" },
	{
		value: "paper",
		label: "Paper preset",
		title: "The paper's fixed depths, scaled to this model",
	},
];

/** How the stages are found; a threshold that is not named keeps the server's default. */
export interface StageChoice {
	method: StageMethod;
	thresholds: Readonly<Partial<Record<Threshold, number>>>;
}

export const STAGES: Codec<StageChoice> = table<StageChoice>({
	method: choice("stages", valuesOf(METHOD_OPTIONS), "automatic"),
	thresholds: named(THRESHOLDS, (_, text) => decimal(text)),
});

export const AUTOMATIC = STAGES.plain;

export const isDefault = (choice: StageChoice) =>
	choice.method === AUTOMATIC.method && Object.keys(choice.thresholds).length === 0;

type Values = Record<string, string | number | null>;

/** The choice as query values, without what is at its default. */
export function stageValues({ method, thresholds }: StageChoice): Values {
	return { stages: method === AUTOMATIC.method ? null : method, ...thresholds };
}

/** The same choice with one threshold replaced; null gives it back to the server. */
export function withThreshold(
	choice: StageChoice,
	name: Threshold,
	value: number | null,
): StageChoice {
	return { ...choice, thresholds: withValue(choice.thresholds, name, value) };
}

/** Another analysis that a figure shares its axes and colours with. */
export interface Neighbour {
	id: string;
	lens: Lens;
	/** Of its model. */
	layers: number;
	/** The token that is selected there. */
	token: number | null;
}

/** What every figure is asked with: lens, stages and theme, and whose axes it shares. */
export function figureValues(asked: {
	lens: Lens | null;
	theme: string;
	stages: StageChoice;
	beside: Neighbour | null;
	sublayers?: boolean;
}): Values {
	const { lens, theme, stages, beside } = asked;
	const halves: Values = asked.sublayers ? { sublayers: "on" } : {};
	const shared: Values = beside ? { beside: beside.id, beside_lens: beside.lens } : {};
	return { lens, theme, ...halves, ...stageValues(stages), ...shared };
}
