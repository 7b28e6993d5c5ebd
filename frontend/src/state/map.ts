// How a map is made and drawn, and what that is called on the page: method, dimensions, colouring, parameters, the
// depth it has grown to. Pure.
// The names of the parameters are the API's, in the address as in its queries.
import {
	type Codec,
	choice,
	count,
	decimal,
	flag,
	type Named,
	named,
	oneOf,
	table,
	value,
	valuesOf,
	withValue,
} from "./codec";

export const METHOD_OPTIONS = [
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
] as const satisfies readonly Named[];

export const DIMENSION_OPTIONS = [
	{ value: "2", label: "2-D", title: "On a plane" },
	{ value: "3", label: "3-D", title: "In space, to be turned" },
] as const;

export const PRESET_OPTIONS = [
	{ value: "default", label: "Default", title: "The paper's parameters on a faster way" },
	{ value: "paper", label: "Paper", title: "The paper's parameters on the paper's way; slower" },
] as const satisfies readonly Named[];

/** noun: what a path is, a token or an image. */
export const coloringOptions = (noun: string): readonly Named<Coloring>[] => [
	{ value: "depth", label: "depth", title: "From the first depth to the last" },
	{ value: "stage", label: "stage", title: "Rapid evolution, stabilisation, mutation" },
	{ value: "string", label: noun, title: `Each ${noun} its own colour` },
	{ value: "word", label: "final word", title: "Equal final words, equal colours" },
];

export type Method = (typeof METHOD_OPTIONS)[number]["value"];
export type Coloring = "depth" | "stage" | "string" | "word";
export type Preset = (typeof PRESET_OPTIONS)[number]["value"];

interface Setting {
	label: string;
	meaning: string;
	/** The methods that use it; absent: all. */
	of?: readonly Method[];
	/** What it may be, where it is no number. */
	words?: readonly string[];
	/** Its name among the presets of the API, where that is another. */
	preset?: string;
}

const TABLE = {
	perplexity: {
		label: "Perplexity",
		meaning: "Neighbours that count for a point.",
		of: ["tsne"],
	},
	learning_rate: {
		label: "Learning rate",
		meaning: "Size of a step; 200 in the paper.",
		of: ["tsne"],
	},
	iterations: { label: "Iterations", meaning: "At most.", of: ["tsne"] },
	start: {
		label: "Start",
		meaning: "Where the points start.",
		of: ["tsne"],
		words: ["pca", "random"],
	},
	n_neighbors: { label: "Neighbours", meaning: "Of a point.", of: ["umap"] },
	min_dist: { label: "Least distance", meaning: "Between points of the map.", of: ["umap"] },
	epochs: { label: "Epochs", meaning: "Rounds of optimisation.", of: ["umap"] },
	map_scaling: {
		label: "Scaling",
		meaning: "Of each column of the hidden states.",
		words: ["max-abs", "standard", "none"],
		preset: "scaling",
	},
	seed: { label: "Seed", meaning: "The same seed, the same map.", of: ["tsne", "umap"] },
} satisfies Record<string, Setting>;

/** A parameter that a request may replace. */
export type MapSetting = keyof typeof TABLE;
export const SETTINGS: Readonly<Record<MapSetting, Setting>> = TABLE;
/** In the order in which they are listed. */
export const MAP_SETTINGS = Object.keys(TABLE) as MapSetting[];

export interface MapChoice {
	method: Method;
	dimensions: 2 | 3;
	colorBy: Coloring;
	preset: Preset;
	/** A parameter that is not named keeps the preset's. */
	settings: Readonly<Partial<Record<MapSetting, number | string>>>;
	/** The names of the paths at their ends. */
	labels: boolean;
	/** The depth that the paths are drawn up to; null: the last. */
	upto: number | null;
}

const MAX_DEPTH = 511;

export const MAP: Codec<MapChoice> = table<MapChoice>({
	method: choice("map", valuesOf(METHOD_OPTIONS), "tsne"),
	dimensions: value<2 | 3>("dim", 2, (text) => (text === "3" ? 3 : null)),
	colorBy: choice("color", valuesOf(coloringOptions("")), "depth"),
	preset: choice("preset", valuesOf(PRESET_OPTIONS), "default"),
	settings: named<MapSetting, number | string>(MAP_SETTINGS, (name, text) => {
		const { words } = SETTINGS[name];
		return words ? oneOf(words)(text) : decimal(text);
	}),
	labels: flag("labels"),
	upto: count("upto", MAX_DEPTH),
});

export const PLAIN = MAP.plain;

/** Whether the method in force uses the parameter. */
export const uses = (method: Method, name: MapSetting) =>
	SETTINGS[name].of?.includes(method) ?? true;

type Values = Record<string, string | number | null>;

/** What the API is asked for a map; parameters of other methods are left out, so that equal maps are asked equally. */
export function madeWith(choice: MapChoice): Values {
	const { method, dimensions, preset, settings } = choice;
	const used = Object.entries(settings).filter(([name]) => uses(method, name as MapSetting));
	return {
		method,
		dimensions,
		preset: preset === "default" ? null : preset,
		...Object.fromEntries(used),
	};
}

/** The same choice with one parameter replaced; null gives it back to the preset. */
export function withSetting(
	choice: MapChoice,
	name: MapSetting,
	value: number | string | null,
): MapChoice {
	return { ...choice, settings: withValue(choice.settings, name, value) };
}
