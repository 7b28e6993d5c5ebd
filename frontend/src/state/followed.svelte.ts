// A record on show, of whatever kind: read as it is asked for, followed while it runs, or why there is none.
import { ApiError, api, type Owner, type Trouble, trouble } from "../api/client";
import { type Events, follow } from "../api/events";
import type { Status } from "../api/types";

const POLL = 2000; // ms between looks at the document when the event stream is lost
const REFUSED = 422;

export interface Kept {
	id: string;
	status: Status;
}

export const isRunning = (record: Kept | null) =>
	record?.status === "queued" || record?.status === "running";

export abstract class Followed<T extends Kept, O extends Owner> {
	id = $state<string | null>(null);
	/** The record on show; while another one loads, the one before it. */
	document = $state.raw<T | null>(null);
	loading = $state(false);
	failure = $state.raw<Trouble | null>(null);
	/** Why what is asked for is not what is on show. */
	refusal = $state.raw<Trouble | null>(null);
	#reading = new AbortController();
	#stop: () => void = () => {};

	constructor(readonly owner: O) {}

	/** Reads the document as it is asked for now. */
	protected abstract request(id: string, signal: AbortSignal): Promise<T>;

	/** Reads it as it was last taken, where the server refuses what is asked; null: it stays refused. */
	protected instead(_id: string, _signal: AbortSignal): Promise<T> | null {
		return null;
	}

	/** The document has been read: for the first time since it was opened, or again. */
	protected arrived(_document: T, _first: boolean): void {}

	/** Something has happened to the record. */
	protected told(_event: Events[O]): void {}

	/** Shows a record, as if it had not been here before. */
	open(id: string): void {
		Object.assign(this, { id, failure: null, refusal: null, loading: true });
		void this.#load(id, true);
	}

	close(): void {
		this.leave();
		Object.assign(this, { id: null, document: null, failure: null, refusal: null, loading: false });
	}

	retry(): void {
		if (this.id) this.open(this.id);
	}

	async cancel(): Promise<void> {
		if (this.id) await api.cancel(this.owner, this.id);
	}

	/** Reads the record on show once more, as it is asked for now; what went wrong, if anything did. */
	protected async look(): Promise<Trouble | null> {
		if (!this.id) return null;
		const { signal } = this.#reading;
		try {
			this.document = await this.#read(this.id, signal);
			return null;
		} catch (error) {
			return signal.aborted ? null : trouble(error);
		}
	}

	/** Gives up what is being read and followed. */
	protected leave(): AbortSignal {
		this.#stop();
		this.#reading.abort();
		this.#reading = new AbortController();
		return this.#reading.signal;
	}

	async #load(id: string, first: boolean): Promise<void> {
		const signal = this.leave();
		try {
			const document = await this.#read(id, signal);
			Object.assign(this, { document, failure: null, loading: false });
			if (isRunning(document)) this.#follow(id);
			this.arrived(document, first);
		} catch (error) {
			if (signal.aborted) return;
			if (first) this.document = null;
			Object.assign(this, { failure: trouble(error), loading: false });
		}
	}

	async #read(id: string, signal: AbortSignal): Promise<T> {
		try {
			const document = await this.request(id, signal);
			signal.throwIfAborted();
			this.refusal = null;
			return document;
		} catch (error) {
			const refused = error instanceof ApiError && error.status === REFUSED;
			const other = refused ? this.instead(id, signal) : null;
			if (!other) throw error;
			this.refusal = trouble(error);
			const document = await other;
			signal.throwIfAborted();
			return document;
		}
	}

	#follow(id: string): void {
		let timer = 0;
		const again = () => void this.#load(id, false);
		const stop = follow(
			this.owner,
			id,
			(event) => {
				this.told(event);
				if (event.kind === "done" || event.kind === "failed") again();
			},
			() => {
				timer = window.setTimeout(again, POLL);
			},
		);
		this.#stop = () => {
			stop();
			window.clearTimeout(timer);
		};
	}
}
