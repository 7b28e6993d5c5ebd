// The bytes of images as this page sent them. The server keeps the picture, not the file it came in: sent
// again as the server's PNG, the same question would be another record at another address.
import { api, imageUrl } from "../../api/client";
import type { Analysis } from "../../api/types";

type Load = () => Promise<Blob>;

export class Originals {
	readonly #sent = new Map<string, Load>();
	/** By the SHA-256 that the server took of the bytes: other questions about the same image have it, too. */
	readonly #hashed = new Map<string, Load>();

	/** id: an analysis that was asked with this file. */
	keep(id: string, load: Load): void {
		this.#sent.set(id, load);
	}

	/** The file that an analysis was asked with; where it is not known, null. */
	of({ id, request: { image } }: Analysis): Load | null {
		if (!image) return null;
		const known = this.#sent.get(id) ?? this.#hashed.get(image.sha256) ?? null;
		if (known) this.#hashed.set(image.sha256, known);
		return known;
	}
}

export const originals = new Originals();

/** The image of an analysis to send again: its file, else the server's picture of it. */
export function imageOf(analysis: Analysis): Load {
	originals.of(analysis); // its hash is known from here on
	return () => (originals.of(analysis) ?? (() => api.blob(imageUrl(analysis.id))))();
}
