// The analyses and image sets that this browser asked for, newest first. Storage may be blocked, full
// or damaged: then the list is simply empty or lives in memory until the page is closed.
import { browserStore, type Store } from "./store";

export interface Past {
	id: string;
	prompt: string;
	answer: string;
	image: boolean;
	/** An image set. */
	set?: boolean;
	/** Milliseconds since 1970. */
	at: number;
}

const KEY = "fretboard.history";
export const MOST = 30;
const EXCERPT = 160;

function isPast(value: unknown): value is Past {
	if (typeof value !== "object" || value === null) return false;
	const { id, prompt, answer, at } = value as Record<string, unknown>;
	return [id, prompt, answer].every((text) => typeof text === "string") && typeof at === "number";
}

function read(store: Store | null): Past[] {
	try {
		const list: unknown = JSON.parse(store?.getItem(KEY) ?? "[]");
		return Array.isArray(list) ? list.filter(isPast).slice(0, MOST) : [];
	} catch {
		return [];
	}
}

export class History {
	list = $state.raw<readonly Past[]>([]);
	readonly #store: Store | null;

	constructor(store: Store | null) {
		this.#store = store;
		this.list = read(store);
	}

	find(id: string | null): Past | null {
		return this.list.find((past) => past.id === id) ?? null;
	}

	/** Puts a record in front; an older entry of the same id goes, its answer stays known. */
	note(record: Omit<Past, "answer" | "at">): void {
		const answer = this.find(record.id)?.answer ?? "";
		const prompt = record.prompt.slice(0, EXCERPT);
		const others = this.list.filter((past) => past.id !== record.id);
		this.#write([{ ...record, prompt, answer, at: Date.now() }, ...others].slice(0, MOST));
	}

	/** The answer has come, to a question of this browser. */
	answered(id: string, answer: string | null): void {
		if (!answer || this.find(id)?.answer !== "") return;
		const short = answer.slice(0, EXCERPT);
		this.#write(this.list.map((past) => (past.id === id ? { ...past, answer: short } : past)));
	}

	forget(id: string): void {
		this.#write(this.list.filter((past) => past.id !== id));
	}

	#write(list: readonly Past[]): void {
		this.list = list;
		try {
			this.#store?.setItem(KEY, JSON.stringify(list));
		} catch {
			// Full or blocked.
		}
	}
}

export const history = new History(browserStore());
