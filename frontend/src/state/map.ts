// How a map is made and drawn: method, dimensions, colouring, parameters, the depth it has grown to. Pure.
// The names of the parameters are the API's, in the address as in its queries.
import { type Codec, choice, count, decimal, flag, named, oneOf, table, value } from "./codec";

export const METHODS = ["tsne", "umap", "pca"] as const;
export const COLORINGS = ["depth", "stage", "string", "word"] as const;
export const PRESETS = ["default", "paper"] as const;
export const STARTS = ["pca", "random"] as const;
export const MAP_SCALINGS = ["max-abs", "standard", "none"] as const;

export type Method = (typeof METHODS)[number];
export type Coloring = (typeof COLORINGS)[number];
export type Preset = (typeof PRESETS)[number];

/** The parameters that a request may replace, in the order in which they are listed. */
export const MAP_SETTINGS = [
	"perplexity",
	"learning_rate",
	"iterations",
	"start",
	"n_neighbors",
	"min_dist",
	"epochs",
	"map_scaling",
	"seed",
] as const;
export type MapSetting = (typeof MAP_SETTINGS)[number];

/** Parameters that are one of few words; the others are numbers. */
export const WORDS: Readonly<Partial<Record<MapSetting, readonly string[]>>> = {
	start: STARTS,
	map_scaling: MAP_SCALINGS,
};

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
	method: choice("map", METHODS, "tsne"),
	dimensions: value<2 | 3>("dim", 2, (text) => (text === "3" ? 3 : null)),
	colorBy: choice("color", COLORINGS, "depth"),
	preset: choice("preset", PRESETS, "default"),
	settings: named<MapSetting, number | string>(MAP_SETTINGS, (name, text) => {
		const words = WORDS[name];
		return words ? oneOf(words)(text) : decimal(text);
	}),
	labels: flag("labels"),
	upto: count("upto", MAX_DEPTH),
});

export const PLAIN = MAP.plain;

const ONLY: Readonly<Partial<Record<MapSetting, Method>>> = {
	perplexity: "tsne",
	learning_rate: "tsne",
	iterations: "tsne",
	start: "tsne",
	n_neighbors: "umap",
	min_dist: "umap",
	epochs: "umap",
};

/** Whether the method in force uses the parameter; PCA has no seed. */
export function uses(method: Method, name: MapSetting): boolean {
	if (name === "seed") return method !== "pca";
	return (ONLY[name] ?? method) === method;
}

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
	const others = Object.entries(choice.settings).filter(([known]) => known !== name);
	const settings = Object.fromEntries(value === null ? others : [...others, [name, value]]);
	return { ...choice, settings };
}
