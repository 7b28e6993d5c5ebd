"""Nouns: their articles, and which of them may name the same thing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

IMAGENET_NOUNS = Path(__file__).parent / "imagenet_nouns.txt"
MASS = {"fire", "confetti", "lavender", "broccoli", "garlic", "armor", "makeup", "wool", "dough", "hay",
        "guacamole", "chain mail", "coral", "pasta", "ice cream", "lettuce"}  # fmt: skip
# Nouns of one line may be true of the same picture: none of a line is asked for in vain where
# another of it is shown.
KIN = """
bird rooster hen chicken chick ostrich jay hawk eagle owl vulture grouse peacock quail partridge parrot macaw hummingbird toucan duck goose swan stork spoonbill flamingo heron egret crane pelican penguin albatross turkey hornbill magpie robin goldfinch
fish goldfish shark ray clownfish eel tench sturgeon lionfish seahorse
dog wolf fox dingo dhole coyote hyena
cat tiger lion leopard lynx puma cheetah jaguar
bear teddy bear panda koala
monkey gorilla chimpanzee orangutan lemur baboon
cow ox bison buffalo bull yak
sheep ram goat antelope deer impala gazelle
horse donkey zebra pony carriage
rabbit hare
mouse rat hamster guinea pig squirrel beaver marmot capybara wombat porcupine
pig boar warthog
weasel ferret otter mink badger polecat skunk mongoose
whale dolphin sea lion manatee dugong
lizard chameleon crocodile alligator salamander dinosaur axolotl newt
snake worm slug snail
insect fly bee wasp moth butterfly beetle grasshopper cricket dragonfly ladybug ant cockroach cicada weevil praying mantis stick insect mantis leafhopper
spider tick scorpion tarantula
crab lobster crayfish shrimp
shell snail conch
flower rose daisy daffodil orchid dandelion field of flowers rapeseed plant lavender
tree palm tree Christmas tree plant
plant leaf field of grass tree flower fern lettuce cabbage plant pot
mushroom fungus agaric bolete
apple pear apricot mango pomegranate fig orange lemon lime cherry tomato
pepper bell pepper
squash pumpkin zucchini cucumber eggplant
bread loaf baguette bagel pretzel bun
pie pizza pudding cake trifle meatloaf
cup of coffee coffee mug mug cup cup of tea espresso glass bowl teapot
bottle glass of wine bottle of wine bottle of sunscreen glass of beer glass jug pitcher pill bottle lotion perfume
pot cauldron bowl kettle teapot coffee pot pitcher vase slow cooker
car sports car race car taxi limousine jeep convertible van wheel go-kart minivan
truck fire truck garbage truck tank van jeep tow truck tractor harvester cement mixer snowplow
bus school bus van trolleybus tram train
motorcycle bicycle tricycle moped scooter unicycle wheel
boat ship canoe kayak gondola yawl catamaran speedboat lifeboat submarine
airplane fighter jet airplane wing warplane plane
rocket spacecraft space shuttle missile
ball soccer ball basketball tennis ball football baseball golf ball volleyball rugby ball
hat cap graduation cap helmet shower cap ski mask sombrero
shirt jacket coat sweater suit vest uniform dress gown robe cloak cardigan sweatshirt
pair of pants pair of jeans pair of shorts pair of pajamas skirt
shoe boot sandal clog sneaker sock stocking
tie bow tie bow scarf
guitar violin cello banjo harp bass
drum drum kit drumstick cymbal
trumpet horn trombone saxophone flute bassoon oboe party horn
piano organ keyboard typewriter
computer laptop keyboard screen television desktop monitor notebook mouse web page phone
phone telephone iPod
camera lens cap projector pair of binoculars
clock watch hourglass stopwatch sundial
hammer axe hatchet wrench saw pair of pliers screwdriver tool toolbox drill
pen paintbrush pencil quill pencil case lipstick
trash can bucket barrel basket crate
chair rocking chair sofa bench throne stool
bed crib cradle
table desk dining table
cabinet dresser chest bookcase wardrobe
lamp light bulb candle torch spotlight
house barn church palace temple castle mosque monastery building boathouse greenhouse home tower mobile home yurt planetarium roof
bridge viaduct pier dock
mountain volcano cliff valley
beach coast sandbar lake sea river
sign stop sign traffic light
gravestone stone monument stone pile of stones obelisk
moon planet sun ball
person astronaut doll diver groom baseball player gymnast swimmer ghost skier
cannon rifle gun revolver
skull tooth mask
egg Easter egg ball
sunglasses pair of sunglasses
candy candy cane lollipop
net spider web fence
toilet toilet seat roll of toilet paper
""".strip()


@cache
def imagenet_nouns() -> tuple[str, ...]:
    """The plain noun of each of ImageNet's 1000 classes."""
    return tuple(IMAGENET_NOUNS.read_text().splitlines())


@cache
def _families() -> tuple[str, ...]:
    return tuple(f" {line} " for line in KIN.splitlines())


@cache
def related(first: str, second: str) -> bool:
    """Whether the two nouns may name one thing: the same, of one family, or one within the other."""
    if first == second or set(first.split()) & set(second.split()) - {"of", "pair"}:
        return True
    return any(f" {first} " in family and f" {second} " in family for family in _families())


def article(noun: str, colour: str | None = None) -> str:
    """The noun with its colour and its article: "an orange cat", "a pair of scissors"."""
    phrase = f"{colour} {noun}" if colour else noun
    if noun in MASS:
        return phrase
    vowel = phrase[0].lower() in "aeiou" and not phrase.startswith(("uni", "euro"))
    return f"{'an' if vowel else 'a'} {phrase}"
