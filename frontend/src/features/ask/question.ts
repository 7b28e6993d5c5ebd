// The question of an analysis, asked once more as it was or with one thing changed.
import { api, imageUrl, type Question } from "../../api/client";
import type { Analysis, SkipWhen } from "../../api/types";
import { repairText } from "../../state/repair";

export async function questionOf(analysis: Analysis): Promise<Question> {
	const { request } = analysis;
	return {
		image: request.image ? await api.blob(imageUrl(analysis.id)) : null,
		prompt: request.prompt,
		model: request.model,
		maxNewTokens: request.max_new_tokens,
		lens: request.lens,
		skipLayers: request.skip_layers.join(","),
		skipWhen: request.skip_when,
		continuation: request.continuation ?? "",
		repair: repairText(request.repair),
		private: request.salt !== null,
	};
}

export type Change =
	| { kind: "no image" }
	| { kind: "blank image" }
	| { kind: "prompt"; prompt: string }
	| { kind: "repair"; repair: string }
	| { kind: "skip"; layers: string; when: SkipWhen };

const GREY = "#808080";

/** A grey picture, as PNG. */
function blank(width: number, height: number): Promise<Blob> {
	const canvas = Object.assign(document.createElement("canvas"), { width, height });
	const pen = canvas.getContext("2d");
	if (pen) {
		pen.fillStyle = GREY;
		pen.fillRect(0, 0, width, height);
	}
	return new Promise((resolve, reject) => {
		const take = (blob: Blob | null) =>
			blob ? resolve(blob) : reject(new Error("This browser could not draw a blank image."));
		canvas.toBlob(take, "image/png");
	});
}

/** force: the analysis's own answer is given to the model, so that the tokens of both align. */
export async function changed(
	analysis: Analysis,
	change: Change,
	force: boolean,
): Promise<Question> {
	const question = await questionOf(analysis);
	if (change.kind === "repair") return { ...question, repair: change.repair };
	if (force) question.continuation = analysis.answer ?? "";
	if (change.kind === "skip")
		return { ...question, skipLayers: change.layers, skipWhen: change.when };
	if (change.kind === "prompt") return { ...question, prompt: change.prompt };
	const { image } = analysis.request;
	const other = change.kind === "blank image" && image;
	return { ...question, image: other ? await blank(image.width, image.height) : null };
}
