// The page's terms: behind every "?", and together on the page of definitions.

interface Term {
	name: string;
	/** In "What is …?". */
	asked: string;
	text: string;
}

const term = (name: string, asked: string, text: string): Term => ({ name, asked, text });

export const TERMS = {
	fretboard: term(
		"Fretboard",
		"the fretboard",
		"Each column is a token of the answer, each row a depth: how many decoder layers have been applied. A cell has the word that the model would say there, read through the lens; its colour is that word’s probability. “Emitted word” colours by the word above the column instead. Click a cell, or move with the arrow keys; drag over depths to mark a range, whose layers can then be skipped.",
	),
	lens: term(
		"Lens",
		"the lens",
		"The lens turns a hidden state into probabilities over the vocabulary. Normed applies the final norm at every depth; raw leaves it out before the last depth, as the paper’s scripts do, and may show scale rather than knowledge. Difference is raw minus normed: where it is zero, a finding does not depend on the norm.",
	),
	competition: term(
		"Competition",
		"the competition",
		"The words that lead at some depth, each with its probability at every depth. The emitted token is the thickest line. Add any word of the vocabulary to see its curve too.",
	),
	divergence: term(
		"Divergence",
		"the divergence",
		"How much the distribution changes from one depth to the next: the selected token against the mean of all tokens.",
	),
	stages: term(
		"Stages",
		"a stage",
		"An answer’s depths fall into three stages where they can be found: rapid evolution up to the critical depth, stabilisation after it, and for some tokens a mutation, a late shift to another word. A late reversal is a mutation that overturns a word that had led.",
	),
	entropy: term(
		"Entropy",
		"entropy",
		"How spread out the model’s distribution is at the last depth, in nats. 0 means that it is certain of one word.",
	),
	flagged: term(
		"Flagged word",
		"a flagged word",
		"Another word led through the stabilisation and lost late: the hallucination score reaches the threshold. That is evidence for a hallucination, not proof, and a word without a mark can be wrong too.",
	),
	score: term(
		"Hallucination score",
		"the hallucination score",
		"How long and how far another word led this one, from the critical depth to the last layer but one, before it lost. 0: none did. It is evidence for a hallucination, not its probability, and it cannot see an error that the model held from the start.",
	),
	skip: term(
		"Skipped layers",
		"skipping layers",
		"A skipped decoder layer hands on its input unchanged. Write layers and spans, such as 6-9,12.",
	),
	repair: term(
		"Repair",
		"repairs",
		"A repair chooses the tokens in a way that is said to hallucinate less. The figures still show the model’s own states and probabilities.",
	),
	continuation: term(
		"Continuation",
		"a continuation",
		"Analyse this answer instead of generating one: its tokens are given to the model one by one.",
	),
	patch: term(
		"Image patch",
		"an image patch",
		"The same lens, read at the positions of the prompt that hold the image. A patch was never trained to predict words: what is read there shows what the model has made of that part of the image, not what it sees.",
	),
	trajectory: term(
		"Trajectory",
		"the trajectory",
		"The hidden states of this answer, one point per token and depth, laid out by one joint fit. A map like this suggests and does not prove: compare it with the PCA of the same points.",
	),
	quality: term(
		"Quality of a map",
		"the quality of a map",
		"Trustworthiness: near on the map means near in the original space; continuity: the other way round; overlap: the share of nearest neighbours that both have. 1 is perfect. The axes have no unit, and distances between groups of a t-SNE or UMAP mean little: compare with the PCA of the same points.",
	),
	causal: term(
		"Causal test",
		"a causal test",
		"A lens watches; these tests change the model at one place and see what becomes of the same answer, fed to it token by token. They show what the answer depends on in this model, for this image and this prompt.",
	),
	diff: term(
		"Word diff",
		"the word diff",
		"Along the longest run of words and punctuation that both answers share, in order. Struck through: A’s words that are gone or changed. Underlined: B’s words that are new or stand in their place. Hatched on a fretboard are the depths that skipped layers would have made: layer 5 turns depth 5 into depth 6.",
	),
	profiles: term(
		"Profiles over depth",
		"the profiles",
		"The mean over the tokens of each answer at every depth; the band holds the middle half of the tokens, the dotted line is the critical depth. Values are not scaled.",
	),
	position: term(
		"Token position",
		"the token position",
		"Each answer is its own text, so its tokens are compared by their role: the first word in which the answers differ, the word after another, a word of a class, or a number. The chosen word is marked in every answer.",
	),
	trajectories: term(
		"Trajectories of a set",
		"the trajectories",
		"The hidden states of one token position over many images, one path per image, laid out by one joint fit. Together at shallow depths, like a guitar’s neck; apart at deep ones, like its body. A map suggests and does not prove: compare it with the PCA and with the dispersion below.",
	),
	dispersion: term(
		"Dispersion",
		"the dispersion",
		"One less the mean cosine between the images’ hidden states at this token position, after each column is brought to one scale. It is measured in the original space, not on the map: 0 is all images alike.",
	),
} as const;

export type TermName = keyof typeof TERMS;
