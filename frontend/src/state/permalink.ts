// The addresses of analyses and comparisons (those of image sets: setlink). Pure: text in, typed values out, and back.
// Everything read from an address is parsed, bounded and otherwise ignored.
import type { Divergence, Lens, Scaling } from "../api/types";
import { type MapChoice, mapValues, PLAIN, parseMap } from "./map";
import {
	AUTOMATIC,
	DIVERGENCES,
	LENSES,
	parseStages,
	SCALINGS,
	type StageChoice,
	stageValues,
} from "./reading";

export const QUANTITIES = ["probability", "rank", "entropy", "jsd", "leader"] as const;
export const TESTED = ["mean", "token"] as const;
export const PROFILES = ["jsd", "probability", "entropy"] as const;

export type Quantity = (typeof QUANTITIES)[number];
export type TestOf = (typeof TESTED)[number];
export type Profile = (typeof PROFILES)[number];

/** Depths, both ends included, low end first. */
export type Range = readonly [number, number];

export interface Selection {
	token: number | null;
	depth: number | null;
	range: Range | null;
	quantity: Quantity;
	words: string[];
	/** null: the lens that the analysis was asked for. */
	lens: Lens | null;
	divergence: Divergence;
	scaling: Scaling;
	stages: StageChoice;
	/** The trajectory's. */
	map: MapChoice;
	/** The causal test on show, by id. */
	test: string | null;
	/** Whether it is shown for the selected token or for the mean of all. */
	testOf: TestOf;
	/** The word laid over the image; null: the selected token. */
	patchWord: string | null;
	/** An image position. */
	patch: number | null;
	/** What the profiles of two compared analyses show. */
	profile: Profile;
}

export const EMPTY: Selection = {
	token: null,
	depth: null,
	range: null,
	quantity: "probability",
	words: [],
	lens: null,
	divergence: "jsd",
	scaling: "none",
	stages: AUTOMATIC,
	map: PLAIN,
	test: null,
	testOf: "mean",
	patchWord: null,
	patch: null,
	profile: "jsd",
};

// Caps: above any real analysis, low enough that a made-up address costs nothing.
const MAX_TOKEN = 9999;
const MAX_DEPTH = 511;
const MAX_PATCH = 9999;
export const MAX_WORDS = 8;
export const MAX_WORD_LENGTH = 40;
const MAX_QUERY = 2000;
const ID = /^[A-Za-z0-9_-]{1,128}$/;

const known = (id: string | null | undefined) => (id && ID.test(id) ? id : null);

function integer(text: string | null, most: number): number | null {
	if (text === null || !/^\d{1,4}$/.test(text)) return null;
	const value = Number(text);
	return value <= most ? value : null;
}

function range(text: string | null): Range | null {
	const [first, last, rest] = (text ?? "").split("-");
	const a = integer(first ?? null, MAX_DEPTH);
	const b = integer(last ?? null, MAX_DEPTH);
	if (a === null || b === null || rest !== undefined) return null;
	return a <= b ? [a, b] : [b, a];
}

function oneOf<T extends string>(text: string | null, known: readonly T[]): T | null {
	return known.find((value) => value === text) ?? null;
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

function splitWords(text: string | null): string[] {
	const parts = (text ?? "").match(/(?:\\.|[^,\\])+/gs) ?? [];
	return tidyWords(parts.map((part) => part.replace(/\\(.)/gs, "$1")));
}

const parse = (query: string) => new URLSearchParams(query.slice(0, MAX_QUERY));

/** The selection that a query string carries; unknown or wrong values count as absent. */
export function decode(query: string): Selection {
	const values = parse(query);
	return {
		token: integer(values.get("token"), MAX_TOKEN),
		depth: integer(values.get("depth"), MAX_DEPTH),
		range: range(values.get("range")),
		quantity: oneOf(values.get("q"), QUANTITIES) ?? EMPTY.quantity,
		words: splitWords(values.get("words")),
		lens: oneOf(values.get("lens"), LENSES),
		divergence: oneOf(values.get("divergence"), DIVERGENCES) ?? EMPTY.divergence,
		scaling: oneOf(values.get("scale"), SCALINGS) ?? EMPTY.scaling,
		stages: parseStages(values),
		map: parseMap(values),
		test: known(values.get("test")),
		testOf: oneOf(values.get("test_of"), TESTED) ?? EMPTY.testOf,
		patchWord: tidyWords([values.get("patch_word") ?? ""])[0] ?? null,
		patch: integer(values.get("patch"), MAX_PATCH),
		profile: oneOf(values.get("profile"), PROFILES) ?? EMPTY.profile,
	};
}

/** The query string of a selection, without what is at its default; "" when all is. */
export function encode(selection: Selection, beside: Beside | null = null): string {
	const values = new URLSearchParams();
	const put = (key: string, value: string | number | null) => {
		if (value !== null) values.set(key, String(value));
	};
	const changed = <K extends keyof Selection>(key: K) =>
		selection[key] === EMPTY[key] ? null : (selection[key] as string);
	put("token", selection.token);
	put("token2", beside?.token ?? null);
	put("depth", selection.depth);
	put("range", selection.range ? selection.range.join("-") : null);
	put("q", changed("quantity"));
	put("words", selection.words.length ? joinWords(selection.words) : null);
	put("lens", selection.lens);
	put("lens2", beside?.lens ?? null);
	put("divergence", changed("divergence"));
	put("scale", changed("scaling"));
	for (const [key, value] of Object.entries(stageValues(selection.stages))) put(key, value);
	for (const [key, value] of Object.entries(mapValues(selection.map))) put(key, value);
	put("test", selection.test);
	put("test_of", changed("testOf"));
	put("patch_word", selection.patchWord);
	put("patch", selection.patch);
	put("profile", changed("profile"));
	const text = values.toString().replaceAll("%2C", ",");
	return text ? `?${text}` : "";
}

/** The second of two compared analyses: what it has of its own; all else is shared. */
export interface Beside {
	id: string;
	token: number | null;
	lens: Lens | null;
}

export interface Place {
	/** null: the start page. */
	id: string | null;
	selection: Selection;
	/** null: one analysis alone. */
	beside: Beside | null;
}

export function parsePlace(pathname: string, query: string): Place {
	const selection = decode(query);
	const [, first, second] = /^\/compare\/([^/]+)\/([^/]+)\/?$/.exec(pathname) ?? [];
	const [a, b] = [known(first), known(second)];
	if (a === null || b === null)
		return { id: known(/^\/a\/([^/]+)\/?$/.exec(pathname)?.[1]), selection, beside: null };
	const values = parse(query);
	const token = integer(values.get("token2"), MAX_TOKEN);
	return { id: a, selection, beside: { id: b, token, lens: oneOf(values.get("lens2"), LENSES) } };
}

export function address(id: string, selection: Selection, beside: Beside | null = null): string {
	const path = beside ? `/compare/${id}/${beside.id}` : `/a/${id}`;
	return path + encode(selection, beside);
}
