// How a map is made and drawn: method, dimensions, colouring, parameters, the depth it has grown to. Pure.
// The names of the parameters are the API's, in the address as in its queries.
import { decimal } from "./reading";

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
	/** The depth that the paths are drawn up to; null: the last. */
	upto: number | null;
}

export const PLAIN: MapChoice = {
	method: "tsne",
	dimensions: 2,
	colorBy: "depth",
	preset: "default",
	settings: {},
	upto: null,
};

const MAX_DEPTH = 511;

function oneOf<T extends string>(text: string | null, known: readonly T[]): T | null {
	return known.find((value) => value === text) ?? null;
}

function settingOf(name: MapSetting, text: string | null): number | string | null {
	const words = WORDS[name];
	return words ? oneOf(text, words) : decimal(text);
}

/** The choice that a query string carries; what cannot be read counts as absent. */
export function parseMap(values: URLSearchParams): MapChoice {
	const found = MAP_SETTINGS.map((name) => [name, settingOf(name, values.get(name))] as const);
	const upto = /^\d{1,3}$/.test(values.get("upto") ?? "") ? Number(values.get("upto")) : null;
	return {
		method: oneOf(values.get("map"), METHODS) ?? PLAIN.method,
		dimensions: values.get("dim") === "3" ? 3 : 2,
		colorBy: oneOf(values.get("color"), COLORINGS) ?? PLAIN.colorBy,
		preset: oneOf(values.get("preset"), PRESETS) ?? PLAIN.preset,
		settings: Object.fromEntries(found.filter(([, value]) => value !== null)),
		upto: upto !== null && upto <= MAX_DEPTH ? upto : null,
	};
}

type Values = Record<string, string | number | null>;

/** The choice as values of an address, without what is at its default. */
export function mapValues(choice: MapChoice): Values {
	const changed = <T>(value: T, plain: T) => (value === plain ? null : value);
	return {
		map: changed(choice.method, PLAIN.method),
		dim: changed(choice.dimensions, PLAIN.dimensions),
		color: changed(choice.colorBy, PLAIN.colorBy),
		preset: changed(choice.preset, PLAIN.preset),
		...choice.settings,
		upto: choice.upto,
	};
}

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
