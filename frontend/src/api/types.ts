// The shapes of the API as the page reads them.

export type Status = "queued" | "running" | "done" | "failed";
export type Lens = "normed" | "raw";

export interface ImageRecord {
	sha256: string;
	width: number;
	height: number;
	media_type: string;
}

export interface AnalysisRequest {
	prompt: string;
	model: string;
	max_new_tokens: number;
	lens: Lens;
	skip_layers: number[];
	continuation: string | null;
	image: ImageRecord | null;
}

export interface ModelRecord {
	name: string;
	revision: string;
	family: string;
	layers: number;
	width: number;
	vocabulary: number;
	dtype: string;
}

export interface Reversal {
	rival_id: number;
	rival_text: string;
	from_depth: number;
	to_depth: number;
	overturned_at: number;
}

export interface Token {
	index: number;
	id: number;
	text: string;
	probability: number;
	log_probability: number;
	rank: number;
	entropy: number;
	class: "stable" | "mutation" | null;
	emergence: number | null;
	mutation_depth: number | null;
	reversal: Reversal | null;
}

export interface Stages {
	method: string;
	critical_depth: number | null;
	critical_interval: [number, number] | null;
	probability_depth: number | null;
	thresholds: Record<string, unknown>;
}

export interface Analysis {
	id: string;
	schema_version: number | string;
	status: Status;
	request: AnalysisRequest;
	model: ModelRecord | null;
	answer: string | null;
	finish_reason: "stop" | "length" | "forced" | "cancelled" | null;
	prompt_tokens: number | null;
	tokens: Token[];
	stages: Stages | null;
	timings: Record<string, number>;
	error: { title: string; detail: string } | null;
}

export interface Created {
	id: string;
	status: Status;
	url: string;
}

/** probability: one value per depth 0…L. */
export interface WordCurve {
	word: string;
	token_id: number;
	token_text: string;
	pieces: string[];
	probability: number[];
}

export interface CellWord {
	token_id: number;
	text: string;
	probability: number;
}

export interface Cell {
	token: number;
	depth: number;
	lens: Lens;
	words: CellWord[];
	probability: number;
	rank: number;
	entropy: number;
}

export interface GalleryEntry {
	id: string;
	title: string;
	category: string;
	prompt: string;
	image_url: string;
	truth: unknown;
	analysis_id: string | null;
}

export interface ModelState {
	name: string;
	title: string;
	revision: string | null;
	state: "loading" | "ready" | "absent" | "failed";
	detail: string | null;
	default: boolean;
	layers: number | null;
	width: number | null;
	vocabulary: number | null;
	family: string | null;
	note: string | null;
}
