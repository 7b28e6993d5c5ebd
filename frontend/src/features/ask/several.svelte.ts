// The question of several images being prepared: files, and the token position to compare.
import type { SetQuestion } from "../../api/client";
import { draft } from "./draft.svelte";
import { FIRST_DIFFERENCE, isComplete, type Role, writeRole } from "./role";

export interface Picked {
	file: File;
	url: string;
}

export const FEWEST = 2;

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
		return {
			images: this.images.map(({ file }) => file),
			prompt: draft.prompt,
			token: writeRole(this.role),
			model: draft.model || undefined,
			maxNewTokens: draft.maxNewTokens ?? undefined,
			private: draft.private,
		};
	}
}

export const several = new Several();
