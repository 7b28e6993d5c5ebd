// What the methods, colourings and parameters of maps are called on the page.
import type { Coloring, MapSetting, Method, Preset } from "../../state/map";

interface Named<T> {
	value: T;
	label: string;
	title: string;
}

export const METHOD_OPTIONS: readonly Named<Method>[] = [
	{
		value: "tsne",
		label: "t-SNE",
		title: "Keeps neighbours; distances between groups mean little",
	},
	{ value: "umap", label: "UMAP", title: "Keeps neighbours; distances between groups mean little" },
	{
		value: "pca",
		label: "PCA",
		title: "A linear view of the same points; distances can be compared",
	},
];

export const DIMENSION_OPTIONS = [
	{ value: "2", label: "2-D", title: "On a plane" },
	{ value: "3", label: "3-D", title: "In space, to be turned" },
] as const;

export const PRESET_OPTIONS: readonly Named<Preset>[] = [
	{ value: "default", label: "Default", title: "The paper's parameters on a faster way" },
	{ value: "paper", label: "Paper", title: "The paper's parameters on the paper's way; slower" },
];

/** noun: what a path is, a token or an image. */
export const coloringOptions = (noun: string): readonly Named<Coloring>[] => [
	{ value: "depth", label: "depth", title: "From the first depth to the last" },
	{ value: "stage", label: "stage", title: "Rapid evolution, stabilisation, mutation" },
	{ value: "string", label: noun, title: `Each ${noun} its own colour` },
	{ value: "word", label: "final word", title: "Equal final words, equal colours" },
];

interface SettingText {
	label: string;
	meaning: string;
	/** The name of the parameter among the presets of the API. */
	preset: string;
}

export const SETTING_TEXTS: Readonly<Record<MapSetting, SettingText>> = {
	perplexity: {
		label: "Perplexity",
		meaning: "Neighbours that count for a point.",
		preset: "perplexity",
	},
	learning_rate: {
		label: "Learning rate",
		meaning: "Size of a step; 200 in the paper.",
		preset: "learning_rate",
	},
	iterations: { label: "Iterations", meaning: "At most.", preset: "iterations" },
	start: { label: "Start", meaning: "Where the points start.", preset: "start" },
	n_neighbors: { label: "Neighbours", meaning: "Of a point.", preset: "n_neighbors" },
	min_dist: {
		label: "Least distance",
		meaning: "Between points of the map.",
		preset: "min_dist",
	},
	epochs: { label: "Epochs", meaning: "Rounds of optimisation.", preset: "epochs" },
	map_scaling: {
		label: "Scaling",
		meaning: "Of each column of the hidden states.",
		preset: "scaling",
	},
	seed: { label: "Seed", meaning: "The same seed, the same map.", preset: "seed" },
};

/** The note of a map in its two parts: how it was made, how good it is. */
export function noteParts(note: string): { made: string; quality: string } {
	const parts = note.split("; ");
	const good = (part: string) => part.startsWith("trustworthiness");
	return {
		made: parts.filter((part) => !good(part)).join("; "),
		quality: parts.filter(good).join("; "),
	};
}
