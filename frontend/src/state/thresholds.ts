// The thresholds of the stages, under the API’s names: what each is called and what it means.
import type { StageMethod } from "../api/types";

interface ThresholdText {
	label: string;
	unit: string;
	meaning: string;
	/** The methods that use it. */
	methods: readonly StageMethod[];
}

const BOTH: readonly StageMethod[] = ["automatic", "paper"];

const TABLE = {
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
} satisfies Record<string, ThresholdText>;

/** A threshold that a request may replace. */
export type Threshold = keyof typeof TABLE;
export const THRESHOLD_TEXTS: Readonly<Record<Threshold, ThresholdText>> = TABLE;
export const THRESHOLDS = Object.keys(TABLE) as Threshold[];
