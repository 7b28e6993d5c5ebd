// How the numbers are read: lens, divergence, display scaling, and how the stages are found. Pure.
// The names of the parameters are the API's, in the address as in its queries.
import type { Divergence, Lens, Scaling, StageMethod } from "../api/types";
import { type Codec, choice, decimal, named, table } from "./codec";

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
export const DIVERGENCES = [
	"jsd",
	"paper-code",
	"symmetric-kl",
] as const satisfies readonly Divergence[];
export const SCALINGS = ["none", "depth", "token"] as const satisfies readonly Scaling[];
export const STAGE_METHODS = ["automatic", "paper"] as const satisfies readonly StageMethod[];

/** The thresholds that a request may replace. */
export const THRESHOLDS = [
	"critical_depth",
	"stage_drop",
	"stage_gain",
	"stage_lag",
	"stage_share",
	"mutation_sigmas",
	"mutation_min_ratio",
	"mutation_min_jsd",
	"reversal_share",
	"flag_score",
	"interval",
] as const;
export type Threshold = (typeof THRESHOLDS)[number];

/** How the stages are found; a threshold that is not named keeps the server's default. */
export interface StageChoice {
	method: StageMethod;
	thresholds: Readonly<Partial<Record<Threshold, number>>>;
}

export const STAGES: Codec<StageChoice> = table<StageChoice>({
	method: choice("stages", STAGE_METHODS, "automatic"),
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
	const others = Object.entries(choice.thresholds).filter(([known]) => known !== name);
	const thresholds = Object.fromEntries(value === null ? others : [...others, [name, value]]);
	return { ...choice, thresholds };
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
