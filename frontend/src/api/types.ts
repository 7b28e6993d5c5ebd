// The API's shapes under the names that the page uses. They come from the generated schema.
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

/** Responses carry every field; the schema marks those with a default as optional. */
type Sent<T> = T extends object ? { [K in keyof T]-?: Sent<Exclude<T[K], undefined>> } : T;

export type Analysis = Sent<Schemas["Analysis"]>;
export type Cell = Sent<Schemas["Cell"]>;
export type Created = Sent<Schemas["Accepted"]>;
export type Divergence = Schemas["Divergence"];
export type ListedTest = Sent<Schemas["ListedTest"]>;
export type CausalTest = Sent<Schemas["CausalTest"]>;
export type Flag = Sent<Schemas["Flag"]>;
export type Finding = Schemas["Finding"];
export type GalleryEntry = Sent<Schemas["Example"]>;
export type Kind = Schemas["Kind"];
export type Lens = Schemas["Lens"];
export type ImageSet = Sent<Schemas["SetView"]>;
export type MapPresets = Schemas["MapPresets"];
export type MapProgress = Sent<Schemas["MapProgress"]>;
export type MapStability = Schemas["MapStability"];
export type Member = Sent<Schemas["MemberView"]>;
export type ModelState = Sent<Schemas["ServedModel"]>;
export type PatchGrid = Schemas["PatchGrid"];
export type PatchWord = Schemas["PatchWord"];
export type PatchWords = Schemas["PatchWords"];
export type PresetLayers = Schemas["PresetLayers"];
export type Repair = Sent<Schemas["Repair"]>;
export type RepairChoice = Sent<Schemas["RepairChoice"]>;
export type Reversal = Sent<Schemas["Reversal"]>;
export type Scaling = Schemas["Scaling"];
export type StageMethod = Schemas["StageMethod"];
export type Session = Schemas["Session"];
export type SkipWhen = Schemas["SkipWhen"];
export type Stages = Sent<Schemas["Stages"]>;
export type Status = Schemas["Status"];
export type Token = Sent<Schemas["Token"]>;
export type WordCurve = Sent<Schemas["WordCurve"]>;
export type WorldSet = Schemas["WorldSetEntry"];
