// The analyses and image sets that this browser asked for, newest first. Storage may be blocked, full
// or damaged: then the list is simply empty or lives in memory until the page is closed.
import type { Analysis } from "../api/types";
import { askedText } from "./asked";
import { browserStore, type Store } from "./store";

export interface Past {
	id: string;
	prompt: string;
	answer: string;
	image: boolean;
	/** An image set. */
	set?: boolean;
	/** What was asked beside the prompt: skipped layers, repair, lens. */
	asked?: string;
	/** SHA-256 of the image's file: entries about one image have the same. */
	hash?: string;
	/** The user's own words for it. */
	name?: string;
	note?: string;
	/** Milliseconds since 1970. */
	at: number;
}

const KEY = "fretboard.history";
export const MOST = 200;
const EXCERPT = 160;

function isPast(value: unknown): value is Past {
	if (typeof value !== "object" || value === null) return false;
	const { id, prompt, answer, at } = value as Record<string, unknown>;
	return [id, prompt, answer].every((text) => typeof text === "string") && typeof at === "number";
}

/** null: this is no list. */
function parsed(text: string): Past[] | null {
	try {
		const list: unknown = JSON.parse(text);
		return Array.isArray(list) ? list.filter(isPast).slice(0, MOST) : null;
	} catch {
		return null;
	}
}

/** null: there is no reading it. */
function read(store: Store | null): Past[] | null {
	if (!store) return null;
	try {
		return parsed(store.getItem(KEY) ?? "[]");
	} catch {
		return null; // blocked
	}
}

export class History {
	list = $state.raw<readonly Past[]>([]);
	#store: Store | null;

	constructor(store: Store | null) {
		this.#store = store;
		this.refresh();
	}

	/** Takes in what another tab of this browser has written since. */
	refresh(): void {
		this.list = read(this.#store) ?? this.list;
	}

	find(id: string | null): Past | null {
		return this.list.find((past) => past.id === id) ?? null;
	}

	/** Puts a record in front; an older entry of the same id goes, its answer stays known. */
	note(record: Omit<Past, "answer" | "at">): void {
		this.refresh();
		const known = this.find(record.id);
		const prompt = record.prompt.slice(0, EXCERPT);
		const others = this.list.filter((past) => past.id !== record.id);
		const answer = known?.answer ?? "";
		this.#write(
			[{ ...known, ...record, prompt, answer, at: Date.now() }, ...others].slice(0, MOST),
		);
	}

	/** The answer has come, to a question of this browser. */
	answered({ id, answer, request, status }: Analysis): void {
		this.refresh();
		if (status !== "done" || !answer || this.find(id)?.answer !== "") return;
		const hash = request.image?.sha256;
		this.change(id, { answer: answer.slice(0, EXCERPT), asked: askedText(request), hash });
	}

	change(id: string, patch: Partial<Past>): void {
		this.refresh();
		this.#write(this.list.map((past) => (past.id === id ? { ...past, ...patch } : past)));
	}

	/** The list as a file, to be taken in by another browser. */
	get text(): string {
		return JSON.stringify(this.list, null, "\t");
	}

	/** Takes in such a file; what is here stays. How many entries are new; null: it is no such file. */
	take(text: string): number | null {
		const list = parsed(text);
		if (!list) return null;
		this.refresh();
		const others = list.filter((past) => !this.find(past.id));
		const all = [...this.list, ...others].sort((a, b) => b.at - a.at);
		this.#write(all.slice(0, MOST));
		return others.length;
	}

	forget(id: string): void {
		this.refresh();
		this.#write(this.list.filter((past) => past.id !== id));
	}

	#write(list: readonly Past[]): void {
		this.list = list;
		try {
			this.#store?.setItem(KEY, JSON.stringify(list));
		} catch {
			this.#store = null; // full or blocked: what it still holds is not the list any more
		}
	}
}

/** Whether a storage event is about the history; without a key, all of the storage was cleared. */
export const concerns = ({ key }: Pick<StorageEvent, "key">) => key === null || key === KEY;

export const history = new History(browserStore());
