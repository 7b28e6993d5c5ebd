// The question being prepared: an image, or several, and the fields of the form, before it is asked.
import { api, imageUrl } from "../../api/client";
import type { Analysis, GalleryEntry, Question, SetQuestion } from "../../api/types";
import {
	type Fields,
	fieldsOf,
	type Pictured,
	pictureOf,
	questionWith,
	setQuestionWith,
} from "./question";
import { FIRST_DIFFERENCE, isComplete, type Role, writeRole } from "./role";

export interface DraftImage {
	name: string;
	/** What the page shows. */
	url: string;
	send: () => Promise<Pictured>;
}

/** "…" is for the user to fill in. */
export const SUGGESTIONS = [
	"Please describe this image in detail.",
	"What is the color of the …?",
	"Is there a … in the image?",
] as const;

const PLAIN: Fields = {
	prompt: SUGGESTIONS[0],
	model: "",
	max_new_tokens: null,
	lens: "normed",
	skip_layers: "",
	skip_when: "always",
	continuation: "",
	repair: "",
	steering: "",
	private: false,
};

class Draft {
	image = $state.raw<DraftImage | null>(null);
	fields = $state<Fields>({ ...PLAIN });
	/** The user has changed it since it was last taken over or sent: an analysis that arrives late must not overwrite it. */
	touched = $state(false);

	setFile(file: File): void {
		const url = URL.createObjectURL(file);
		this.#show({ name: file.name, url, send: async () => ({ image: file }) });
		this.touched = true;
	}

	clearImage(): void {
		this.#show(null);
		this.touched = true;
	}

	/** Takes over what an analysis was asked, so that a changed prompt runs on the same image. */
	fromAnalysis(analysis: Analysis): void {
		Object.assign(this.fields, fieldsOf(analysis));
		this.#show(
			analysis.request.image
				? { name: "image", url: imageUrl(analysis.id), send: async () => pictureOf(analysis) }
				: null,
		);
	}

	fromGallery(entry: GalleryEntry): void {
		const { skip_layers, skip_when, continuation, repair, steering } = PLAIN;
		const { prompt } = entry;
		Object.assign(this.fields, { prompt, skip_layers, skip_when, continuation, repair, steering });
		const send = async () => ({ image: await api.blob(entry.image_url) });
		this.#show({ name: entry.title, url: entry.image_url, send });
		this.touched = true;
	}

	async question(): Promise<Question> {
		return questionWith(this.fields, this.image ? await this.image.send() : {});
	}

	#show(image: DraftImage | null): void {
		if (this.image?.url.startsWith("blob:")) URL.revokeObjectURL(this.image.url);
		this.image = image;
	}
}

export const draft = new Draft();

export interface Picked {
	file: File;
	url: string;
}

const FEWEST = 2;

/** The images of a set and the token position to compare; all else is the draft's. */
class Several {
	/** The form asks about several images. */
	on = $state(false);
	images = $state.raw<readonly Picked[]>([]);
	role = $state.raw<Role>(FIRST_DIFFERENCE);

	get ready(): boolean {
		return this.images.length >= FEWEST && isComplete(this.role);
	}

	add(files: Iterable<File>): void {
		const more = [...files].map((file) => ({ file, url: URL.createObjectURL(file) }));
		this.images = [...this.images, ...more];
	}

	remove(image: Picked): void {
		URL.revokeObjectURL(image.url);
		this.images = this.images.filter((known) => known !== image);
	}

	clear(): void {
		for (const { url } of this.images) URL.revokeObjectURL(url);
		this.images = [];
	}

	question(): SetQuestion {
		const files = this.images.map(({ file }) => file);
		return setQuestionWith(draft.fields, files, writeRole(this.role));
	}
}

export const several = new Several();
