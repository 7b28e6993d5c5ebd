// The only place that calls the API. Every failure becomes an ApiError whose text can be shown as it is.
import createClient from "openapi-fetch";
import type { FigureSpec } from "../api/figure";
import { gate } from "./gate.svelte";
import { counted } from "./quiet";
import type { paths } from "./schema.gen";
import type {
	Lens,
	MapPresets,
	MapProgress,
	MapStability,
	PatchGrid,
	PresetLayers,
	Question,
	SetQuestion,
	TestQuestion,
} from "./types";

/** Whose map, figure or events: an analysis's, an image set's or a causal test's. */
export type Owner = "analyses" | "trajectories" | "experiments";

export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly title: string,
		readonly detail: string,
	) {
		super(detail);
	}
}

/** A failure as it is shown: what happened, then what to do. */
export type Trouble = Pick<ApiError, "status" | "title" | "detail">;

export const trouble = (error: unknown): Trouble =>
	error instanceof ApiError
		? error
		: new ApiError(0, "Something went wrong on the page", String(error));

const SESSION = "/api/session";
const UNREACHABLE = "The server does not answer. Check that it is still running, then try again.";

/** The problem+json of a failed response, or plain words where the body is something else. */
async function problem(response: Response): Promise<ApiError> {
	const { status, statusText } = response;
	const fallback = `The server answered ${status} ${statusText}. Try again in a moment.`;
	const body = await response.json().catch(() => null);
	const text = (value: unknown, other: string) => (typeof value === "string" ? value : other);
	return new ApiError(
		status,
		text(body?.title, "The request failed"),
		text(body?.detail, fallback),
	);
}

/** The response, once it is a good one; a server that wants a token is asked again after signing in. */
async function send(request: Request): Promise<Response> {
	const again = request.clone();
	const response = await counted(fetch(request)).catch((error: unknown) => {
		throw request.signal.aborted ? error : new ApiError(0, "No connection", UNREACHABLE);
	});
	if (response.ok) return response;
	const failure = await problem(response);
	const wants = response.headers.get("WWW-Authenticate")?.startsWith("Bearer");
	if (!wants || new URL(request.url).pathname === SESSION) throw failure;
	if (await gate.open(failure.detail, request.method === "GET")) return send(again);
	throw failure;
}

type Item = string | number | boolean | Blob;

/** A body as a form, without what is empty; lists repeat their key. */
export function form(body: unknown): FormData {
	const data = new FormData();
	for (const [name, value] of Object.entries(body ?? {})) {
		const items: Item[] = [value ?? []].flat();
		for (const item of items) {
			if (item instanceof Blob) data.append(name, item, item instanceof File ? item.name : name);
			else if (item !== false && String(item).trim() !== "") data.append(name, String(item));
		}
	}
	return data;
}

const http = createClient<paths>({ fetch: send, bodySerializer: form });

/** What a call answers with; a failed one has thrown before. */
async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
	const { data } = await call;
	if (data === undefined) throw new ApiError(0, "The request failed", "The server sent nothing.");
	return data;
}

export type Value = string | number | null | undefined | string[];
export type Values = Record<string, Value>;

/** A query string without the empty values; lists repeat their key. */
export function query(values: Values): string {
	const parameters = new URLSearchParams();
	for (const [key, value] of Object.entries(values)) {
		if (value === null || value === undefined) continue;
		for (const item of Array.isArray(value) ? value : [String(value)]) parameters.append(key, item);
	}
	const text = parameters.toString();
	return text ? `?${text}` : "";
}

// The routes that records of every kind have alike go by the owner's name; their values are free.

const url = (owner: Owner, id: string, path = "", values: Values = {}) =>
	`/api/${owner}/${encodeURIComponent(id)}${path}${query(values)}`;

const call = (place: string, method = "GET", signal?: AbortSignal) =>
	send(new Request(place, { method, signal }));

const read = async <T>(place: string, signal?: AbortSignal): Promise<T> =>
	(await call(place, "GET", signal)).json();

export interface FigureRequest {
	/** Absent: an analysis's. */
	owner?: Owner;
	id: string;
	/** A causal test has one figure, without a name. */
	name: string;
	values: Values;
}

/** As Plotly JSON; with `format`, as csv or py. */
export const figureUrl = ({ owner = "analyses", id, name, values }: FigureRequest) =>
	url(owner, id, owner === "experiments" ? "/figure" : `/figures/${name}`, values);

const ANALYSIS = "/api/analyses/{analysis_id}";
const of = <Q = undefined>(analysis_id: string, query = undefined as Q) => ({
	params: { path: { analysis_id }, query },
});

export const api = {
	session: () => answer(http.GET(SESSION)),
	signIn: (token: string) =>
		answer(
			http.POST(SESSION, {
				body: { token },
				headers: { "Content-Type": "application/x-www-form-urlencoded" },
				bodySerializer: (body) => new URLSearchParams(body),
			}),
		),
	signOut: () => http.DELETE(SESSION),
	gallery: () => answer(http.GET("/api/gallery")),
	repairs: () => answer(http.GET("/api/repairs")),
	models: () => answer(http.GET("/api/models")),
	reachable: () => answer(http.GET("/api/models/reachable")),
	loadModel: (name: string) => answer(http.POST("/api/models/load", { body: { name } })),
	callOffModel: (name: string) => http.POST("/api/models/call-off", { body: { name } }),
	worldSets: () => answer(http.GET("/api/world-sets")),
	mapPresets: () => read<MapPresets>("/api/map-presets"),

	ask: (body: Question) => answer(http.POST("/api/analyses", { body })),
	askSet: (body: SetQuestion) => answer(http.POST("/api/trajectories", { body })),
	test: (body: TestQuestion) => answer(http.POST("/api/experiments", { body })),

	missing: (id: string, signal?: AbortSignal) =>
		answer(http.GET(`${ANALYSIS}/missing`, { ...of(id), signal })),
	again: (id: string) => http.POST(`${ANALYSIS}/again`, of(id)),
	cell: (id: string, token: number, depth: number, lens: Lens, signal?: AbortSignal) =>
		answer(http.GET(`${ANALYSIS}/cells`, { ...of(id, { token, depth, lens }), signal })),
	words: (id: string, token: number, word: string[], lens: Lens) =>
		answer(http.GET(`${ANALYSIS}/words`, of(id, { token, word, lens }))),
	patchGrid: (id: string, signal?: AbortSignal) =>
		read<PatchGrid>(url("analyses", id, "/patches"), signal),
	patchWord: (id: string, word: string, signal?: AbortSignal) =>
		answer(http.GET(`${ANALYSIS}/patches/word`, { ...of(id, { word }), signal })),
	/** A .npy table (depth, patch). */
	patchProbability: async (id: string, word: string, lens: Lens, signal?: AbortSignal) =>
		(
			await call(url("analyses", id, "/patches/probability", { word, lens }), "GET", signal)
		).arrayBuffer(),
	patchWords: (id: string, patch: number, k: number, lens: Lens, signal?: AbortSignal) =>
		answer(http.GET(`${ANALYSIS}/patches/words`, { ...of(id, { patch, k, lens }), signal })),
	tests: (id: string, signal?: AbortSignal) =>
		answer(http.GET(`${ANALYSIS}/experiments`, { ...of(id), signal })),
	finding: (test_id: string, token: number | null, signal?: AbortSignal) =>
		answer(
			http.GET("/api/experiments/{test_id}/finding", {
				params: { path: { test_id }, query: { token } },
				signal,
			}),
		),
	presets: (id: string, values: Values) =>
		read<PresetLayers[]>(url("analyses", id, "/presets", values)),

	document: <T>(owner: Owner, id: string, values: Values, signal?: AbortSignal) =>
		read<T>(url(owner, id, "", values), signal),
	cancel: (owner: Owner, id: string) => call(url(owner, id, "/cancel"), "POST"),
	remove: (owner: Owner, id: string) => call(url(owner, id), "DELETE"),
	figure: (request: FigureRequest, signal?: AbortSignal) =>
		read<FigureSpec>(figureUrl(request), signal),
	mapProgress: (owner: Owner, id: string, kind: string, values: Values, signal?: AbortSignal) =>
		read<MapProgress>(url(owner, id, `/maps/${kind}`, values), signal),
	cancelMap: (owner: Owner, id: string, kind: string, values: Values) =>
		call(url(owner, id, `/maps/${kind}`, values), "DELETE"),
	stability: (owner: Owner, id: string, values: Values, signal?: AbortSignal) =>
		read<MapStability>(url(owner, id, "/stability", values), signal),
	blob: async (place: string) => (await call(place)).blob(),
};

export const imageUrl = (id: string) => url("analyses", id, "/image");
export const eventsUrl = (owner: Owner, id: string) => url(owner, id, "/events");
/** A whole record as one file: zip, html, ipynb or bib. */
export const exportUrl = (owner: Owner, id: string, kind: string, values: Values) =>
	url(owner, id, `/export.${kind}`, values);
/** The document of a causal test, its figure, one of its arrays, the image it is patched against. */
export const testUrl = (id: string, path = "", values: Values = {}) =>
	url("experiments", id, path, values);
