// The only place that calls the API. Every failure becomes an ApiError whose text can be shown as it is.
import type { FigureSpec } from "../plot/figure";
import { gate } from "./gate.svelte";
import type {
	Analysis,
	CausalTest,
	Cell,
	Created,
	Finding,
	GalleryEntry,
	ImageSet,
	Kind,
	Lens,
	ListedTest,
	MapPresets,
	MapProgress,
	MapStability,
	ModelState,
	PatchGrid,
	PatchWord,
	PatchWords,
	PresetLayers,
	RepairChoice,
	Session,
	SkipWhen,
	WordCurve,
	WorldSet,
} from "./types";

/** Whose map or figure: an analysis's, an image set's or a causal test's. */
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

const SESSION = "/api/session";
const UNREACHABLE = "The server does not answer. Check that it is still running, then try again.";

/** The problem+json of a failed response, or plain words where the body is something else. */
async function problem(response: Response): Promise<ApiError> {
	const fallback = `The server answered ${response.status} ${response.statusText}. Try again in a moment.`;
	try {
		const body = (await response.json()) as { title?: unknown; detail?: unknown };
		const title = typeof body.title === "string" ? body.title : "The request failed";
		return new ApiError(
			response.status,
			title,
			typeof body.detail === "string" ? body.detail : fallback,
		);
	} catch {
		return new ApiError(response.status, "The request failed", fallback);
	}
}

async function send(path: string, init?: RequestInit): Promise<Response> {
	let response: Response;
	try {
		response = await fetch(path, init);
	} catch (error) {
		if (error instanceof DOMException && error.name === "AbortError") throw error;
		throw new ApiError(0, "No connection", UNREACHABLE);
	}
	if (response.ok) return response;
	const failure = await problem(response);
	const wants = response.headers.get("WWW-Authenticate")?.startsWith("Bearer");
	if (wants && path !== SESSION && (await gate.open(failure.detail, !init?.method)))
		return send(path, init);
	throw failure;
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
	return (await (await send(path, init)).json()) as T;
}

const base = (id: string, owner: Owner = "analyses") => `/api/${owner}/${encodeURIComponent(id)}`;

export type Value = string | number | null | undefined | string[];
export type Values = Record<string, Value>;

/** A query string without the empty values; lists repeat their key. */
export function query(values: Record<string, Value>): string {
	const parameters = new URLSearchParams();
	for (const [key, value] of Object.entries(values)) {
		if (value === null || value === undefined) continue;
		for (const item of Array.isArray(value) ? value : [String(value)]) parameters.append(key, item);
	}
	const text = parameters.toString();
	return text ? `?${text}` : "";
}

export interface Question {
	image: Blob | null;
	prompt: string;
	model?: string;
	maxNewTokens?: number;
	lens?: Lens;
	skipLayers?: string;
	skipWhen?: SkipWhen;
	continuation?: string;
	/** A repair with its settings, such as "deco strength=0.6"; empty: plain decoding. */
	repair?: string;
	private?: boolean;
}

function form(question: Question): FormData {
	const body = new FormData();
	if (question.image) body.append("image", question.image, "image");
	body.append("prompt", question.prompt);
	if (question.model) body.append("model", question.model);
	if (question.maxNewTokens) body.append("max_new_tokens", String(question.maxNewTokens));
	if (question.lens) body.append("lens", question.lens);
	if (question.skipLayers?.trim()) body.append("skip_layers", question.skipLayers.trim());
	if (question.skipWhen) body.append("skip_when", question.skipWhen);
	if (question.repair?.trim()) body.append("repair", question.repair.trim());
	if (question.continuation?.trim()) body.append("continuation", question.continuation);
	if (question.private) body.append("private", "true");
	return body;
}

/** One question of several images: files, or a set of the bundled world. */
export interface SetQuestion {
	images: readonly File[];
	prompt: string;
	token: string;
	world?: string;
	model?: string;
	maxNewTokens?: number;
	private?: boolean;
}

function setForm(question: SetQuestion): FormData {
	const body = new FormData();
	for (const image of question.images) body.append("images", image, image.name);
	body.append("prompt", question.prompt);
	body.append("token", question.token);
	if (question.world) body.append("world", question.world);
	if (question.model) body.append("model", question.model);
	if (question.maxNewTokens) body.append("max_new_tokens", String(question.maxNewTokens));
	if (question.private) body.append("private", "true");
	return body;
}

/** What is tested of an answer. other, for patching: an analysis, an image, or null for a grey one. */
export interface TestQuestion {
	analysis: string;
	kind: Kind;
	other: string | Blob | null;
	intoImage: boolean;
	rival: string;
}

function testForm(question: TestQuestion): FormData {
	const body = new FormData();
	body.append("analysis", question.analysis);
	body.append("kind", question.kind);
	if (question.other instanceof Blob) body.append("other_image", question.other, "image");
	else if (question.other) body.append("other", question.other);
	if (question.intoImage) body.append("into_image", "true");
	if (question.rival.trim()) body.append("rival", question.rival.trim());
	return body;
}

/** A causal test has one figure; the others have several, by name. */
const figurePath = (owner: Owner | undefined, id: string, name: string) =>
	base(id, owner) + (owner === "experiments" ? "/figure" : `/figures/${name}`);

export const api = {
	session: () => json<Session>(SESSION),
	signIn: (token: string) =>
		json<Session>(SESSION, { method: "POST", body: new URLSearchParams({ token }) }),
	signOut: () => send(SESSION, { method: "DELETE" }),
	ask: (question: Question) =>
		json<Created>("/api/analyses", { method: "POST", body: form(question) }),
	analysis: (id: string, values: Record<string, Value>, signal?: AbortSignal) =>
		json<Analysis>(documentUrl(id, values), { signal }),
	presets: (id: string, values: Values, signal?: AbortSignal) =>
		json<PresetLayers[]>(`${base(id)}/presets${query(values)}`, { signal }),
	missing: (id: string, signal?: AbortSignal) =>
		json<{ missing: string[]; again: boolean }>(`${base(id)}/missing`, { signal }),
	again: (id: string) => send(`${base(id)}/again`, { method: "POST" }),
	cancel: (id: string) => send(`${base(id)}/cancel`, { method: "POST" }),
	remove: (id: string, owner: Owner = "analyses") => send(base(id, owner), { method: "DELETE" }),
	cell: (id: string, token: number, depth: number, lens: Lens, signal?: AbortSignal) =>
		json<Cell>(`${base(id)}/cells${query({ token, depth, lens })}`, { signal }),
	words: (id: string, token: number, word: string[], lens: Lens) =>
		json<{ words: WordCurve[] }>(`${base(id)}/words${query({ token, word, lens })}`),
	patchGrid: (id: string, signal?: AbortSignal) =>
		json<PatchGrid>(`${base(id)}/patches`, { signal }),
	patchWord: (id: string, word: string, signal?: AbortSignal) =>
		json<PatchWord>(`${base(id)}/patches/word${query({ word })}`, { signal }),
	/** A .npy table (depth, patch). */
	patchProbability: async (id: string, word: string, lens: Lens, signal?: AbortSignal) =>
		(
			await send(`${base(id)}/patches/probability${query({ word, lens })}`, { signal })
		).arrayBuffer(),
	patchWords: (id: string, patch: number, k: number, lens: Lens, signal?: AbortSignal) =>
		json<PatchWords>(`${base(id)}/patches/words${query({ patch, k, lens })}`, { signal }),
	figure: (
		{ owner, id, name, values }: { owner?: Owner; id: string; name: string; values: Values },
		signal?: AbortSignal,
	) => json<FigureSpec>(figurePath(owner, id, name) + query(values), { signal }),
	gallery: () => json<GalleryEntry[]>("/api/gallery"),
	repairs: () => json<RepairChoice[]>("/api/repairs"),
	models: () => json<ModelState[]>("/api/models"),
	askSet: (question: SetQuestion) =>
		json<Created>("/api/trajectories", { method: "POST", body: setForm(question) }),
	imageSet: (id: string, token: string | null, signal?: AbortSignal) =>
		json<ImageSet>(base(id, "trajectories") + query({ token }), { signal }),
	cancelSet: (id: string) => send(`${base(id, "trajectories")}/cancel`, { method: "POST" }),
	worldSets: () => json<WorldSet[]>("/api/world-sets"),
	mapPresets: () => json<MapPresets>("/api/map-presets"),
	mapProgress: (owner: Owner, id: string, kind: string, values: Values, signal?: AbortSignal) =>
		json<MapProgress>(`${base(id, owner)}/maps/${kind}${query(values)}`, { signal }),
	cancelMap: (owner: Owner, id: string, kind: string, values: Values) =>
		send(`${base(id, owner)}/maps/${kind}${query(values)}`, { method: "DELETE" }),
	stability: (owner: Owner, id: string, values: Values, signal?: AbortSignal) =>
		json<MapStability>(`${base(id, owner)}/stability${query(values)}`, { signal }),
	test: (question: TestQuestion) =>
		json<Created>("/api/experiments", { method: "POST", body: testForm(question) }),
	experiment: (id: string, signal?: AbortSignal) =>
		json<CausalTest>(base(id, "experiments"), { signal }),
	tests: (id: string, signal?: AbortSignal) =>
		json<ListedTest[]>(`${base(id)}/experiments`, { signal }),
	finding: (id: string, token: number | null, signal?: AbortSignal) =>
		json<Finding>(`${base(id, "experiments")}/finding${query({ token })}`, { signal }),
	cancelTest: (id: string) => send(`${base(id, "experiments")}/cancel`, { method: "POST" }),
	removeTest: (id: string) => send(base(id, "experiments"), { method: "DELETE" }),
	blob: async (url: string) => (await send(url)).blob(),
};

export const imageUrl = (id: string) => `${base(id)}/image`;
export const eventsUrl = (id: string, owner: Owner = "analyses") => `${base(id, owner)}/events`;
/** The document of a causal test, its figure, one of its arrays, the image it is patched against. */
export const testUrl = (id: string, path = "", values: Values = {}) =>
	base(id, "experiments") + path + query(values);
export const arrayUrl = (id: string, name: string, values: Record<string, Value>) =>
	`${base(id)}/arrays/${name}${query(values)}`;
/** values: the lens and how the stages are found. */
export const documentUrl = (id: string, values: Record<string, Value>) => base(id) + query(values);
