// The models this server has and whether they can answer yet.
import { api, trouble } from "../api/client";
import type { ModelState } from "../api/types";

const SOON = 1500; // ms, while a model loads
const LATER = 15000; // ms, when the server does not answer or a model has no worker

class Models {
	list = $state.raw<ModelState[]>([]);
	error = $state<string | null>(null);

	get default(): ModelState | null {
		return this.list.find((model) => model.default) ?? this.list[0] ?? null;
	}

	named(name: string | undefined): ModelState | null {
		return this.list.find((model) => model.name === name) ?? null;
	}

	/** Asks again until every model is served; an absent one may get its worker yet. */
	async watch(): Promise<void> {
		try {
			this.list = await api.models();
			this.error = null;
			if (this.list.some((model) => model.state === "loading")) this.#again(SOON);
			else if (this.list.some((model) => model.state === "absent")) this.#again(LATER);
		} catch (error) {
			this.error = trouble(error).detail;
			this.#again(LATER);
		}
	}

	#again(delay: number): void {
		window.setTimeout(() => void this.watch(), delay);
	}
}

export const models = new Models();
