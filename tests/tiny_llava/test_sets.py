from fretboard.tiny_llava.world.scene import COLORS
from fretboard.tiny_llava.world.sets import IMAGES, SETS, WorldSet


def test_a_set_is_one_kind_alone_in_every_colour():
    for world_set in SETS.values():
        scenes = world_set.scenes()
        assert len(scenes) == IMAGES
        groups = [scene.groups for scene in scenes]
        assert all(len(found) == 1 and found[0].kind == world_set.kind for found in groups)
        assert {found[0].color for found in groups} == set(COLORS)
        assert all(found[0].count == 1 for found in groups)


def test_the_pictures_are_the_same_each_time_and_differ_between_variants():
    first, again, other = (
        WorldSet("x", "X", "dog", variant=variant).images()[3] for variant in (0, 0, 1)
    )
    assert first[1].tobytes() == again[1].tobytes() != other[1].tobytes()
