// What lenses, divergences, scalings and thresholds are called on the page.
import type { Divergence, Lens, Scaling, StageMethod } from "../../api/types";
import type { Threshold } from "../../state/reading";

interface Named<T> {
	value: T;
	label: string;
	title: string;
}

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

export { lensName } from "../../state/reading";

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

interface ThresholdText {
	label: string;
	unit: string;
	meaning: string;
	/** The methods that use it. */
	methods: readonly StageMethod[];
}

const BOTH: readonly StageMethod[] = ["automatic", "paper"];

export const THRESHOLD_TEXTS: Readonly<Record<Threshold, ThresholdText>> = {
	critical_depth: {
		label: "Critical depth",
		unit: "depth",
		meaning: "Given instead of found; empty lets it be found.",
		methods: BOTH,
	},
	stage_drop: {
		label: "Stages: fall",
		unit: "times",
		meaning: "Mean JSD before the critical depth is this many times that after it …",
		methods: ["automatic"],
	},
	stage_gain: {
		label: "… words gain",
		unit: "probability",
		meaning: "… the answer’s words gain this much mean probability over all depths …",
		methods: ["automatic"],
	},
	stage_lag: {
		label: "… in time",
		unit: "share, 0–1",
		meaning: "… half of it by this share of all depths after the critical depth …",
		methods: ["automatic"],
	},
	stage_share: {
		label: "… reliably",
		unit: "share, 0–1",
		meaning: "… in this share of the resamplings; else no stages are read.",
		methods: ["automatic"],
	},
	mutation_sigmas: {
		label: "Mutation stands out",
		unit: "deviations",
		meaning: "Its log JSD lies this many robust deviations above the token’s stabilisation …",
		methods: ["automatic"],
	},
	mutation_min_ratio: {
		label: "… against the median",
		unit: "times",
		meaning: "… and the JSD is at least this many times the token’s median …",
		methods: ["automatic"],
	},
	mutation_min_jsd: {
		label: "… in size",
		unit: "nats",
		meaning: "… and at least this large.",
		methods: BOTH,
	},
	reversal_share: {
		label: "Reversal",
		unit: "share, 0–1",
		meaning: "A rival leads at least this share of the depths from critical to mutation.",
		methods: BOTH,
	},
	flag_score: {
		label: "Flag",
		unit: "score, 0–1",
		meaning: "A content word with at least this hallucination score is flagged.",
		methods: BOTH,
	},
	interval: {
		label: "Interval",
		unit: "coverage, 0–1",
		meaning: "Of the critical depth’s interval by resampling tokens.",
		methods: ["automatic"],
	},
};
