// The repairs that this server offers, with what they do and their papers.
import { api } from "../api/client";
import type { RepairChoice } from "../api/types";

class Repairs {
	#list = $state.raw<RepairChoice[]>([]);
	#asked = false;

	/** Fetched when it is first read; without an answer there is nothing to choose. */
	get list(): RepairChoice[] {
		if (!this.#asked) void this.#load();
		return this.#list;
	}

	async #load(): Promise<void> {
		this.#asked = true;
		try {
			this.#list = await api.repairs();
		} catch {
			this.#asked = false;
		}
	}

	titleOf(kind: string): string {
		return this.named(kind)?.title ?? kind;
	}

	named(kind: string): RepairChoice | null {
		return this.list.find((choice) => choice.kind === kind) ?? null;
	}
}

export const repairs = new Repairs();
