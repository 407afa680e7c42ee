#!/bin/sh
# Keras 3 ignores what it says of compile(): in its own GAN recipe the discriminator never learns, or learns to be fooled.
#
# Who meets it: whoever runs the classic Keras GAN with Keras 3: compile the discriminator, set its `trainable` to False, compile
# the combined model, then train_on_batch of both in turn.
# Guess before the run: the discriminator learns in its own steps and rests in the generator's. Model.compile's documentation says
# that what is trained is settled when compile() is called, with all backends (https://keras.io/api/models/model_training_apis/),
# and Keras' FAQ that GANs of this very recipe depend on it (https://keras.io/getting_started/faq/, "Interaction between trainable
# and compile()").
# Seen (keras 3.15.1 with jax 0.10.2 and with tensorflow 2.21.0): the discriminator stays as it began, while its steps return
# losses as ever. JAX says nothing; TensorFlow warns once that the model has no trainable weights. Where `trainable` is set back to
# True after both are compiled, the generator's steps move the discriminator, too, and towards taking fakes for real: not a word
# from either. tf_keras 2.21.0 (Keras 2) is right in all of this. (The backend of torch 2.15.0, tried by hand, does as TensorFlow.)
# Why: Keras 3 looks at `trainable` when a step is built. It has a warning of the change, but calls it below a `raise`, where it is
# never reached. Known in part: https://github.com/keras-team/keras/pull/22413 and https://github.com/keras-team/keras/pull/22939,
# both closed without being merged.
# Way out: set `trainable` anew before each call of train_on_batch, or write the steps oneself.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 tensorflow-cpu==2.21.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps tf_keras==2.21.0
cat > "$folder/see.py" <<'P'
import sys
import warnings

import numpy as np

if sys.argv[1] == "keras2":
    import tf_keras as keras
else:
    import keras

rng = np.random.default_rng(0)
pictures = rng.standard_normal((16, 8, 8, 1)).astype(np.float32) + 1
noise = rng.standard_normal((16, 4)).astype(np.float32)
real, fake = np.ones((16, 1), np.float32), np.zeros((16, 1), np.float32)


def gan(again):
    """The two networks and the combined model; `again` sets the discriminator's `trainable` back to True in the end."""
    keras.utils.set_random_seed(0)
    generator = keras.Sequential([
        keras.Input((4,)), keras.layers.Dense(64), keras.layers.Reshape((4, 4, 4)),
        keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same")])
    discriminator = keras.Sequential([
        keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 4, strides=2, padding="same"), keras.layers.LeakyReLU(),
        keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")])
    discriminator.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.01))
    discriminator.trainable = False
    z = keras.Input((4,))
    combined = keras.Model(z, discriminator(generator(z)))
    combined.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.01))
    if again:
        discriminator.trainable = True
    return generator, discriminator, combined


def moved(step, *nets):
    """How far the step moves each network's weights, at most."""
    before = [[weight.copy() for weight in net.get_weights()] for net in nets]
    step()
    return [max(float(abs(a - b).max()) for a, b in zip(old, net.get_weights())) for old, net in zip(before, nets)]


def steps(again, toggle):
    generator, discriminator, combined = gan(again)
    begun = generator.predict(noise, verbose=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        own, others, generators = [], [], []
        for _ in range(5):
            if toggle:
                discriminator.trainable = True
            own += moved(lambda: discriminator.train_on_batch(pictures, real), discriminator)
            own += moved(lambda: discriminator.train_on_batch(begun, fake), discriminator)
            if toggle:
                discriminator.trainable = False
            d, g = moved(lambda: combined.train_on_batch(noise, real), discriminator, generator)
            others.append(d)
            generators.append(g)
    said = {str(warning.message) for warning in caught if "trainable" in str(warning.message)}
    print("%s, %s: its own steps move the discriminator by %.4f to %.4f, the generator's by %.4f to %.4f; warnings: %s" % (
        sys.argv[1], "trainable set before each call" if toggle else "trainable back to True" if again else "the recipe",
        min(own), max(own), min(others), max(others), len(said)))
    assert min(generators) > 0.005, "the behaviour has changed"
    return min(own) > 0.0005, min(others) > 0.0005, max(own) == 0, max(others) == 0, len(said)


LEARNS, ALWAYS, NEVER = (True, False, False, True), (True, True, False, False), (False, False, True, True)
new = sys.argv[1] != "keras2"
assert steps(False, False) == (*(NEVER if new else LEARNS), sys.argv[1] == "tensorflow"), "the behaviour has changed"
assert steps(True, False) == (*(ALWAYS if new else LEARNS), 0), "the behaviour has changed"
assert steps(False, True) == (*LEARNS, 0), "the behaviour has changed"

# Where the discriminator moves in the generator's steps, it takes the very same fakes for more real than before.
generator, discriminator, combined = gan(True)
fakes = generator.predict(noise, verbose=0)
before = float(discriminator.predict(fakes, verbose=0).mean())
for _ in range(20):
    combined.train_on_batch(noise, real)
after = float(discriminator.predict(fakes, verbose=0).mean())
print("%s: the first fakes are real with %.2f before and %.2f after 20 steps of the generator alone" % (sys.argv[1], before, after))
assert after > before + 0.1 if new else after == before, "the behaviour has changed"
P
for backend in jax tensorflow keras2
do
    KERAS_BACKEND=$(test $backend = jax && echo jax || echo tensorflow) TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= \
        "$folder/venv/bin/python" "$folder/see.py" $backend 2>"$folder/log" || { cat "$folder/log"; exit 1; }
    if grep -i trainable "$folder/log"; then echo "the behaviour has changed"; exit 1; fi
done
echo "as described"
