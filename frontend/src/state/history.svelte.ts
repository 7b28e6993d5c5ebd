// The analyses and image sets that this browser asked for, newest first. Storage may be blocked, full
// or damaged: then the list is simply empty or lives in memory until the page is closed.
import type { Analysis } from "../api/types";
import { askedText } from "./asked";
import { browserStore } from "./store";

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

/** Each entry has a key of its own: two tabs that write at once never write over each other's. */
const keyOf = ({ id }: Pick<Past, "id">) => `${KEY}.${id}`;
const newestFirst = (one: Past, other: Past) => other.at - one.at;

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

function read(store: Storage): Past[] {
	const keys = Array.from({ length: store.length }, (_, at) => store.key(at) ?? "");
	return keys
		.filter((key) => key.startsWith(`${KEY}.`))
		.flatMap((key) => parsed(`[${store.getItem(key) ?? ""}]`) ?? [])
		.sort(newestFirst);
}

export class History {
	list = $state.raw<readonly Past[]>([]);
	#store: Storage | null;

	constructor(store: Storage | null) {
		this.#store = store;
		this.refresh();
		// Earlier versions kept the whole list under one key.
		this.#stored((store) => {
			this.take(store.getItem(KEY) ?? "");
			store.removeItem(KEY);
		});
	}

	/** Takes in what another tab of this browser has written since. */
	refresh(): void {
		this.#stored((store) => {
			this.list = read(store);
		});
	}

	find(id: string | null): Past | null {
		return this.list.find((past) => past.id === id) ?? null;
	}

	/** Puts a record in front; an older entry of the same id goes, its answer stays known. */
	note(record: Omit<Past, "answer" | "at">): void {
		this.refresh();
		const known = this.find(record.id);
		const prompt = record.prompt.slice(0, EXCERPT);
		const at = Math.max(Date.now(), (this.list[0]?.at ?? 0) + 1);
		this.#put([{ ...known, ...record, prompt, answer: known?.answer ?? "", at }]);
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
		const known = this.find(id);
		if (known) this.#put([{ ...known, ...patch }]);
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
		this.#put(others);
		return others.length;
	}

	forget(id: string): void {
		this.refresh();
		this.#drop((past) => past.id === id);
	}

	/** New entries, or new versions of entries. */
	#put(entries: readonly Past[]): void {
		const others = this.list.filter(({ id }) => !entries.some((entry) => entry.id === id));
		this.list = [...entries, ...others].sort(newestFirst);
		this.#stored((store) => {
			for (const entry of entries) store.setItem(keyOf(entry), JSON.stringify(entry));
		});
		this.#drop((_, at) => at >= MOST);
	}

	#drop(leaves: (past: Past, at: number) => boolean): void {
		const left = this.list.filter(leaves);
		this.list = this.list.filter((past) => !left.includes(past));
		this.#stored((store) => {
			for (const past of left) store.removeItem(keyOf(past));
		});
	}

	#stored(act: (store: Storage) => void): void {
		try {
			if (this.#store) act(this.#store);
		} catch {
			this.#store = null; // full or blocked: what it still holds is not the list any more
		}
	}
}

/** Whether a storage event is about the history; without a key, all of the storage was cleared. */
export const concerns = ({ key }: Pick<StorageEvent, "key">) => key?.startsWith(KEY) ?? true;

export const history = new History(browserStore());
