// The question being prepared: an image, a prompt and the options, before it is asked.
import { api, imageUrl, type Question } from "../../api/client";
import type { Analysis, GalleryEntry, Lens, SkipWhen } from "../../api/types";
import { repairText } from "../../state/repair";

export interface DraftImage {
	name: string;
	/** What the page shows. */
	url: string;
	load: () => Promise<Blob>;
}

/** "…" is for the user to fill in. */
export const SUGGESTIONS = [
	"Please describe this image in detail.",
	"What is the color of the …?",
	"Is there a … in the image?",
] as const;

class Draft {
	image = $state.raw<DraftImage | null>(null);
	prompt = $state<string>(SUGGESTIONS[0]);
	model = $state<string>("");
	maxNewTokens = $state<number | null>(null);
	lens = $state<Lens>("normed");
	skipLayers = $state("");
	skipWhen = $state<SkipWhen>("always");
	continuation = $state("");
	/** Kind and settings of the repair it is decoded with; empty: plainly. */
	repair = $state("");
	private = $state(false);
	/** The user has changed it since it was last taken over or sent: an analysis that arrives late must not overwrite it. */
	touched = false;

	setFile(file: File): void {
		this.#release();
		this.image = { name: file.name, url: URL.createObjectURL(file), load: async () => file };
		this.touched = true;
	}

	clearImage(): void {
		this.#release();
		this.image = null;
		this.touched = true;
	}

	/** Takes over what an analysis was asked, so that a changed prompt runs on the same image. */
	fromAnalysis(analysis: Analysis): void {
		const { request } = analysis;
		this.#release();
		this.prompt = request.prompt;
		this.model = request.model;
		this.lens = request.lens;
		this.maxNewTokens = request.max_new_tokens;
		this.skipLayers = request.skip_layers.join(",");
		this.skipWhen = request.skip_when;
		this.continuation = request.continuation ?? "";
		this.repair = repairText(request.repair);
		this.private = request.salt !== null;
		this.image = request.image ? remote("image", imageUrl(analysis.id)) : null;
	}

	fromGallery(entry: GalleryEntry): void {
		this.#release();
		this.prompt = entry.prompt;
		this.skipLayers = "";
		this.skipWhen = "always";
		this.continuation = "";
		this.repair = "";
		this.image = remote(entry.title, entry.image_url);
		this.touched = true;
	}

	async question(): Promise<Question> {
		return {
			image: this.image ? await this.image.load() : null,
			prompt: this.prompt,
			model: this.model || undefined,
			maxNewTokens: this.maxNewTokens ?? undefined,
			lens: this.lens,
			skipLayers: this.skipLayers,
			skipWhen: this.skipWhen,
			continuation: this.continuation,
			repair: this.repair,
			private: this.private,
		};
	}

	#release(): void {
		if (this.image?.url.startsWith("blob:")) URL.revokeObjectURL(this.image.url);
	}
}

function remote(name: string, url: string): DraftImage {
	return { name, url, load: () => api.blob(url) };
}

export const draft = new Draft();
