// The addresses of analyses, comparisons and image sets. Pure: text in, typed values out, and back.
import type { Divergence, Lens, Scaling } from "../api/types";
import {
	type Codec,
	choice,
	count,
	flag,
	integer,
	parse,
	table,
	value,
	valuesOf,
	written,
} from "./codec";
import { FILTERS, type Filter } from "./columns";
import { MAP, type MapChoice } from "./map";
import { DIVERGENCE_OPTIONS, LENSES, SCALING_OPTIONS, STAGES, type StageChoice } from "./reading";

export const QUANTITIES = ["probability", "rank", "entropy", "jsd", "leader"] as const;
export const TESTED = ["mean", "token"] as const;
export const PATCH_LENSES = ["latent"] as const;
export const PROFILES = ["jsd", "probability", "entropy"] as const;

export type Quantity = (typeof QUANTITIES)[number];
export type TestOf = (typeof TESTED)[number];
export type Profile = (typeof PROFILES)[number];

/** Steps by which the board's columns are wider than usual; "fit": all of them in sight. */
export type Zoom = number | "fit";

/** Depths, both ends included, low end first. */
export type Range = readonly [number, number];

export interface Selection {
	token: number | null;
	depth: number | null;
	range: Range | null;
	quantity: Quantity;
	/** Which tokens are columns. */
	filter: Filter;
	zoom: Zoom;
	/** The answer's text has the board's colours, of the selected depth. */
	shade: boolean;
	words: string[];
	/** null: the lens that the analysis was asked for. */
	lens: Lens | null;
	divergence: Divergence;
	scaling: Scaling;
	/** The half depths too, between attention and MLP. */
	sublayers: boolean;
	/** Of them, the one above the selected depth. */
	half: boolean;
	stages: StageChoice;
	/** The trajectory's. */
	map: MapChoice;
	/** The causal test on show, by id. */
	test: string | null;
	/** Whether it is shown for the selected token or for the mean of all. */
	testOf: TestOf;
	/** The word laid over the image; null: the selected token. */
	patchWord: string | null;
	/** Of the patches alone; null: the lens above. */
	patchLens: (typeof PATCH_LENSES)[number] | null;
	/** An image position. */
	patch: number | null;
	/** What the profiles of two compared analyses show. */
	profile: Profile;
}

/** The second of two compared analyses: what it has of its own; all else is shared. */
export interface Beside {
	id: string;
	token: number | null;
	/** Of a model with other layers; null: where the first's depth lies. */
	depth?: number | null;
	lens: Lens | null;
}

export interface SetSelection {
	/** Token position, e.g. "after:is"; null: the set's own. */
	token: string | null;
	/** Place of an image in the set. */
	image: number | null;
	/** Of the chosen point. */
	depth: number | null;
	map: MapChoice;
}

// Caps: above any real analysis, low enough that a made-up address costs nothing.
const MAX_TOKEN = 9999;
const MAX_DEPTH = 511;
const MAX_PATCH = 9999;
const MAX_IMAGE = 999;
const MAX_ZOOM = 20; // steps: 10,000 columns in sight are 17 narrower than usual
const MAX_ROLE = 100;
export const MAX_WORDS = 8;
export const MAX_WORD_LENGTH = 40;

const ID = "([A-Za-z0-9_-]{1,128})";
const isId = new RegExp(`^${ID}$`);

function range(text: string): Range | null {
	const [a, b, rest] = text.split("-").map(integer(MAX_DEPTH));
	if (typeof a !== "number" || typeof b !== "number" || rest !== undefined) return null;
	return a <= b ? [a, b] : [b, a];
}

function zoom(text: string): Zoom | null {
	if (text === "fit") return text;
	return /^-?\d{1,2}$/.test(text) && Math.abs(Number(text)) <= MAX_ZOOM ? Number(text) : null;
}

/** Trimmed, without doubles, at most MAX_WORDS of at most MAX_WORD_LENGTH characters. */
export function tidyWords(words: readonly string[]): string[] {
	const clean = words.map((word) => word.trim()).filter((word) => word !== "");
	const short = clean.filter((word) => word.length <= MAX_WORD_LENGTH);
	return [...new Set(short)].slice(0, MAX_WORDS);
}

// Words are joined by commas; a comma or backslash inside a word is escaped with a backslash.
const joinWords = (words: readonly string[]) =>
	words.map((word) => word.replace(/[\\,]/g, "\\$&")).join(",");

function splitWords(text: string): string[] {
	const parts = text.match(/(?:\\.|[^,\\])+/gs) ?? [];
	return tidyWords(parts.map((part) => part.replace(/\\(.)/gs, "$1")));
}

function role(text: string): string | null {
	const trimmed = text.trim();
	return trimmed !== "" && trimmed.length <= MAX_ROLE ? trimmed : null;
}

const SELECTION: Codec<Selection> = table<Selection>({
	token: count("token", MAX_TOKEN),
	depth: count("depth", MAX_DEPTH),
	range: value<Range | null>("range", null, range, (ends) => ends?.join("-") ?? ""),
	quantity: choice("q", QUANTITIES, "leader"),
	filter: choice("show", FILTERS, "all"),
	zoom: value<Zoom>("zoom", 0, zoom),
	shade: flag("shade"),
	words: value("words", [], splitWords, joinWords),
	lens: choice("lens", LENSES, null),
	divergence: choice("divergence", valuesOf(DIVERGENCE_OPTIONS), "jsd"),
	scaling: choice("scale", valuesOf(SCALING_OPTIONS), "none"),
	sublayers: flag("sublayers"),
	half: flag("half"),
	stages: STAGES,
	map: MAP,
	test: value<string | null>("test", null, (text) => (isId.test(text) ? text : null)),
	testOf: choice("test_of", TESTED, "mean"),
	patchWord: value<string | null>("patch_word", null, (text) => tidyWords([text])[0] ?? null),
	patchLens: choice("patch_lens", PATCH_LENSES, null),
	patch: count("patch", MAX_PATCH),
	profile: choice("profile", PROFILES, "jsd"),
});

/** What the second side has of its own. */
const OWN = table<Required<Omit<Beside, "id">>>({
	token: count("token2", MAX_TOKEN),
	depth: count("depth2", MAX_DEPTH),
	lens: choice("lens2", LENSES, null),
});

const SET: Codec<SetSelection> = table<SetSelection>({
	token: value<string | null>("token", null, role),
	image: count("image", MAX_IMAGE),
	depth: count("depth", MAX_DEPTH),
	map: MAP,
});

export const EMPTY = SELECTION.plain;
export const NOTHING = SET.plain;

/** The ids in a path such as /compare/{id}/{id}; null where it is another path. */
function idsIn(pathname: string, name: string, many: number): string[] | null {
	const path = new RegExp(`^/${name}${`/${ID}`.repeat(many)}/?$`);
	return path.exec(pathname)?.slice(1) ?? null;
}

export interface Place {
	/** null: the start page. */
	id: string | null;
	selection: Selection;
	/** null: one analysis alone. */
	beside: Beside | null;
}

export function parsePlace(pathname: string, query: string): Place {
	const values = parse(query);
	const selection = SELECTION.read(values);
	const [first, second] = idsIn(pathname, "compare", 2) ?? [];
	if (first && second) return { id: first, selection, beside: { id: second, ...OWN.read(values) } };
	return { id: idsIn(pathname, "a", 1)?.[0] ?? null, selection, beside: null };
}

/** Whether the page shows something there: the start page, an analysis, a comparison. */
export const isPlace = (pathname: string) =>
	pathname === "/" || parsePlace(pathname, "").id !== null;

export function address(id: string, selection: Selection, beside: Beside | null = null): string {
	const own = SELECTION.write(selection);
	if (!beside) return `/a/${id}${written(own)}`;
	return `/compare/${id}/${beside.id}${written([...own, ...OWN.write({ ...beside, depth: beside.depth ?? null })])}`;
}

/** null: this is not the address of a set. */
export function parseSetPlace(
	pathname: string,
	query: string,
): { id: string; selection: SetSelection } | null {
	const id = idsIn(pathname, "t", 1)?.[0];
	return id ? { id, selection: SET.read(parse(query)) } : null;
}

export const setAddress = (id: string, selection: SetSelection = NOTHING) =>
	`/t/${id}${written(SET.write(selection))}`;
