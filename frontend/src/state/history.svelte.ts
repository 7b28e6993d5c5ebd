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

/** null: there is no reading it. */
function read(store: Store | null): Past[] | null {
	if (!store) return null;
	try {
		const list: unknown = JSON.parse(store.getItem(KEY) ?? "[]");
		return Array.isArray(list) ? list.filter(isPast).slice(0, MOST) : null;
	} catch {
		return null;
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
		const answer = this.find(record.id)?.answer ?? "";
		const prompt = record.prompt.slice(0, EXCERPT);
		const others = this.list.filter((past) => past.id !== record.id);
		this.#write([{ ...record, prompt, answer, at: Date.now() }, ...others].slice(0, MOST));
	}

	/** The answer has come, to a question of this browser. */
	answered(id: string, answer: string | null): void {
		this.refresh();
		if (!answer || this.find(id)?.answer !== "") return;
		const short = answer.slice(0, EXCERPT);
		this.#write(this.list.map((past) => (past.id === id ? { ...past, answer: short } : past)));
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
