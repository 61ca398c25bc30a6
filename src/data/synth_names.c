/*
 * synth_names - made-up titles and genres of films.
 *
 * Titles follow the habits of film catalogues, commas, quotes and accents included, so that what
 * reads them meets all that CSV has.
 */
#include <stdio.h>
#include <string.h>

#include "rs/base/rng.h"

#include "synth_impl.h"

#define COUNT(list) ((uint64_t)(sizeof(list) / sizeof((list)[0])))

/* Weights: how many clusters in a hundred are about it. */
static const struct genre {
    const char *name;
    uint64_t weight;
} genres[] = {
    {"Action", 10},  {"Adventure", 7},   {"Animation", 3}, {"Children", 4}, {"Comedy", 18},
    {"Crime", 6},    {"Documentary", 3}, {"Drama", 20},    {"Fantasy", 4},  {"Film-Noir", 1},
    {"Horror", 5},   {"Musical", 2},     {"Mystery", 3},   {"Romance", 8},  {"Sci-Fi", 5},
    {"Thriller", 8}, {"War", 2},         {"Western", 1},
};

static const char *const adjectives[] = {
    "Amber",     "Bitter",   "Borrowed",  "Brave",      "Broken",  "Burning",   "Careless",
    "Crimson",   "Crooked",  "Distant",   "Double",     "Drowsy",  "Electric",  "Empty",
    "Endless",   "Faithful", "Fearless",  "Final",      "Foolish", "Forgotten", "Frozen",
    "Gentle",    "Golden",   "Hidden",    "Hollow",     "Honest",  "Hungry",    "Infinite",
    "Invisible", "Last",     "Little",    "Lonely",     "Lost",    "Lucky",     "Midnight",
    "Narrow",    "Nameless", "Painted",   "Pale",       "Paper",   "Patient",   "Perfect",
    "Quiet",     "Reckless", "Restless",  "Savage",     "Second",  "Secret",    "Seventh",
    "Silent",    "Silver",   "Sleepless", "Stolen",     "Strange", "Stubborn",  "Sudden",
    "Tender",    "Thirsty",  "Twisted",   "Unfinished", "Velvet",  "Wandering", "Weightless",
    "Wild"};
static const char *const nouns[] = {
    "Accordion",  "Alibi",       "Ambassador", "Anchor",    "Apartment",  "Autumn",    "Balcony",
    "Beekeeper",  "Botanist",    "Bridge",     "Cabin",     "Caravan",    "Cathedral", "Circus",
    "Clockmaker", "Comet",       "Compass",    "Courier",   "Dancer",     "Daughter",  "Debt",
    "Desert",     "Detective",   "Empire",     "Engine",    "Evening",    "Ferry",     "Forest",
    "Frontier",   "Garden",      "Ghost",      "Guest",     "Harbour",    "Horizon",   "Hotel",
    "Hunter",     "Inheritance", "Island",     "Journey",   "Kingdom",    "Lantern",   "Lesson",
    "Letter",     "Lighthouse",  "Machine",    "Magician",  "Masquerade", "Meadow",    "Mirror",
    "Mountain",   "Neighbour",   "Orchard",    "Orchestra", "Outlaw",     "Passenger", "Photograph",
    "Pilot",      "Promise",     "Railway",    "Recipe",    "River",      "Robot",     "Rumour",
    "Satellite",  "Secretary",   "Shadow",     "Signal",    "Soldier",    "Station",   "Stranger",
    "Summer",     "Tailor",      "Telegram",   "Thief",     "Umbrella",   "Violin",    "Voyage",
    "Weather",    "Winter",      "Witness"};
static const char *const people[] = {
    "Agnes", "Amélie", "Anton",  "Björn", "Chloé",  "Dario",  "Edith", "Élodie",
    "Farid", "Fiona",  "Gregor", "Hana",  "Hugo",   "Inés",   "Ivan",  "Jonas",
    "Kenji", "Łukasz", "Lucía",  "Marta", "Noor",   "Oscar",  "Petra", "Quentin",
    "Rosa",  "Søren",  "Tomáš",  "Uma",   "Viktor", "Walter", "Yara",  "Zoë"};
static const char *const places[] = {
    "Alhama",     "Bergen",    "Bogotá",   "Cádiz",    "Dakar",     "Dunmore", "Evora",
    "Fairhaven",  "Ghent",     "Göteborg", "Havana",   "Innsbruck", "Jaipur",  "Kraków",
    "Lisbon",     "Malmö",     "Minsk",    "Nairobi",  "Odessa",    "Orkney",  "Porto",
    "Quebec",     "Reykjavík", "Salem",    "São Tomé", "Tangier",   "Trieste", "Uppsala",
    "Valparaíso", "Winslow",   "Yalta",    "Zürich"};

static const char *pick(const char *const *list, uint64_t n, struct rs_rng *r)
{
    return list[rs_rng_below(r, n)];
}

void rs_synth_title(const struct rs_synth_opts *o, int32_t item, char *buf, size_t size)
{
    struct rs_rng r = rs_rng_make(o->seed, rs_rng_stream("synth.title", (uint64_t)item));
    const char *how = pick(adjectives, COUNT(adjectives), &r);
    const char *what = pick(nouns, COUNT(nouns), &r);
    const char *other = pick(nouns, COUNT(nouns), &r);
    const char *who = pick(people, COUNT(people), &r);
    const char *where = pick(places, COUNT(places), &r);
    int year = rs_synth_year(o, item);
    switch (rs_rng_below(&r, 12)) {
    case 0:
        snprintf(buf, size, "%s's %s %s (%d)", who, how, what, year);
        break;
    case 1:
    case 2:
        snprintf(buf, size, "%s %s, The (%d)", how, what, year);
        break;
    case 3:
        snprintf(buf, size, "%s %s of %s, The (%d)", how, what, where, year);
        break;
    case 4:
        snprintf(buf, size, "%s and the %s %s (%d)", who, how, what, year);
        break;
    case 5:
        snprintf(buf, size, "Last %s to %s (%d)", what, where, year);
        break;
    case 6:
        snprintf(buf, size, "%s, the %s of %s (%d)", who, what, where, year);
        break;
    case 7:
        snprintf(buf, size, "\"%s %s\" and the %s (%d)", how, what, other, year);
        break;
    case 8:
        snprintf(buf, size, "%s for %s (%d)", what, who, year);
        break;
    case 9:
        snprintf(buf, size, "%s of the %s (%d)", what, other, year);
        break;
    default:
        snprintf(buf, size, "%s %s (%d)", how, what, year);
    }
}

static uint32_t pick_genre(struct rs_rng *r)
{
    uint64_t sum = 0;
    for (size_t g = 0; g < COUNT(genres); g++) {
        sum += genres[g].weight;
    }
    uint64_t at = rs_rng_below(r, sum);
    uint32_t g = 0;
    while (at >= genres[g].weight) {
        at -= genres[g++].weight;
    }
    return g;
}

/* What its cluster is about, most often also the cluster's second genre, now and then another. */
void rs_synth_genres(const struct rs_synth_opts *o, int32_t item, char *buf, size_t size)
{
    uint64_t cluster = (uint64_t)rs_synth_cluster(o, item);
    struct rs_rng of_cluster = rs_rng_make(o->seed, rs_rng_stream("synth.genres", cluster));
    struct rs_rng of_item = rs_rng_make(o->seed, rs_rng_stream("synth.genre", (uint64_t)item));
    uint32_t mask = 1U << pick_genre(&of_cluster);
    if (rs_rng_below(&of_item, 4) > 0) {
        mask |= 1U << pick_genre(&of_cluster);
    }
    if (rs_rng_below(&of_item, 3) == 0) {
        mask |= 1U << pick_genre(&of_item);
    }
    size_t at = 0;
    buf[0] = '\0';
    for (size_t g = 0; g < COUNT(genres) && at < size; g++) {
        if (!(mask >> g & 1)) continue;
        int n = snprintf(buf + at, size - at, "%s%s", at ? "|" : "", genres[g].name);
        at += n > 0 ? (size_t)n : 0;
    }
}
