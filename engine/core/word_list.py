"""The words that `random:word` draws from: short, common, easy to tell apart, and harmless together.

Their number and order belong to the recorded histories (see `engine.core.chance`): do not edit the list.
"""

from __future__ import annotations

_TEXT = """
    acorn actor album alder alley almond amber anchor anchovy angle ankle apple apricot apron arbor arcade
    archer arctic arrow artist ash aspen aster atlas attic autumn avenue awning axle badger bagel baker
    balcony balloon bamboo banana banjo banner barley barn barrel basil basin basket bay beach beacon bead
    beam bean bear beaver bedrock bee beech beetle bell bench berry birch biscuit bison blanket blossom blue
    board boat bobbin bonfire bonnet book border borough bottle boulder bowl box bracket branch brass bread
    breeze brick bridge brook broom brown brush bucket buckle buffalo bugle bundle burrow bushel butter
    button cabin cable cactus cake camel camera canal candle canoe canvas canyon caper caravan cardigan
    cargo carpet carrot cart castle cat cavern cedar celery cello chair chalk channel chapel cherry chess
    chestnut chime chimney cider cinder cinnamon circle citron city clarinet clay clearing clerk cliff clock
    cloth cloud clover coast cobalt cocoa coin collar comb comet compass copper coral cord cork corn corner
    cottage cotton cove crane crater crayon creek crescent cricket crocus crown cruise crystal cup curtain
    cushion cypress dahlia dairy daisy dance dawn daylight deck deer delta denim depot desert desk dial
    diamond dinghy dingo dock dolphin dome donkey door dove dragonfly drawer dream drift drum duck dune dusk
    eagle early easel east echo edge eel elbow elder elm ember emerald engine errand evening everglade
    fabric falcon family farm feather fence fennel fern ferry fiddle field fig finch fir fjord flag flame
    flannel flax fleet flint flock flour flower flute foam fog forest forge fork fountain fox frame freckle
    friend frog frost fruit furnace galaxy gale gallery garden garlic garnet gate gazelle geyser ginger
    giraffe glacier glade glass globe glove goat gold gondola goose gorge granite grape grass gravel green
    grove guest guitar gull hail hammer hammock harbor hare harp harvest hat hawk hazel heath heather hedge
    helmet herb heron hickory hill hinge hive holly honey horizon horn horse house hut iceberg igloo indigo
    ink inlet inn iris iron island ivory ivy jacket jade jar jasmine jay jetty jewel journal journey jug
    juniper kayak kelp kettle key kiln kite kitten knapsack knight knot koala lace ladder lagoon lake lamb
    lamp lantern larch lark laurel lavender lawn leaf leather ledge lemon lentil letter library lichen light
    lilac lily lime linden linen lion lizard lobby locket lodge loom lotus lumber lunch lynx lyre magnet
    magnolia magpie mallet mango mantle maple marble march marigold market maroon marsh mast meadow medal
    melody melon metal meteor mill mint mirror mist mitten moat mole monday moon moose morning mosaic moss
    moth mountain mouse mulberry museum music mustard napkin narrow needle nest nettle nickel night noon
    north notebook nutmeg oak oar oasis oat ocean ochre octave olive onion opal opera orange orbit orchard
    orchid otter oval oven owl oyster paddle palace palm panda pansy paper parade park parrot parsley path
    pavilion peach peacock peanut pear pearl pebble pelican pencil penguin pepper pheasant piano picnic pier
    pigeon pillow pine pipe planet plank plaza plum pocket pond pony poplar poppy porch portrait postcard
    potato prairie primrose puddle puffin pumpkin purple puzzle quail quarry quartz quay quill quilt quince
    quiver rabbit radish raft rail rain raisin ranch raven reed reef ribbon rice ridge river road robin
    rocket roof rooster rope rose rowboat ruby rudder rye saddle saffron sage sail salmon sand sapphire
    satchel saturn scarf school scooter seal season seed shadow shed shell shepherd ship shore silk silver
    skylark slate sled smoke snail snow sofa sonnet sparrow spice spider spring spruce square squirrel
    stable star station steam stone stork stove stream street sugar summer sunday sunset swallow swan
    sycamore table tailor tambourine tapestry teapot temple tent terrace thicket thimble thistle thread
    thrush thunder thyme tiger timber toast tomato topaz torch tower town trail train treasure trellis trout
    trumpet tulip tundra tunnel turnip turtle twig twilight umbrella valley vanilla vase velvet veranda
    viaduct village vine vineyard viola violet volcano voyage wagon walnut walrus warbler water waterfall
    wave weaver west whale wharf wheat wheel whistle willow windmill window winter wolf wood wool wren yacht
    yard yarn yarrow yellow yew zebra zenith zephyr zinc zinnia
"""

WORDS: tuple[str, ...] = tuple(_TEXT.split())
