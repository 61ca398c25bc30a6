"""Metrics, paired test and intervals of the program against trec_eval and SciPy.

The program writes its lists and the relevant items (evaluate --trec); from these two files alone
ir-measures, through trec_eval's own code, gives every user's values, which are compared with the
program's means to 1e-9. Its definitions are used as they are but for two:
  recall_capped@k  is P@k k / min(k, relevant);
  map@k            is AP@k relevant / min(k, relevant): trec_eval divides by all relevant items.
mrr is RR over the whole list, which is as long as the largest k.
Coverage, Gini and personalisation are counted from the lists with plain loops over all pairs.
usage: metrics_check.py FOLDER      (BIN and RECSYS_DATA_MIRROR in the environment)
"""

import itertools
import json
import math
import os
import subprocess
import sys
from collections import Counter

import ir_measures
import numpy
import scipy.stats
from ir_measures import AP, P, R, RR, Success, nDCG

BIN = os.environ["BIN"]
KS = (5, 10, 20)
TOLERANCE = 1e-9
failures = 0


def check(good, what, detail=""):
    """One line for one comparison."""
    global failures
    if good:
        print(f"ok {what}")
    else:
        failures += 1
        print(f"FAILED {what}: {detail}")


def check_close(got, want, what, tolerance=TOLERANCE):
    good = got is not None and abs(got - want) <= tolerance
    check(good, what, f"{got!r}, not {want!r}")


def program(workspace, *args):
    """Run a command, return its JSON document."""
    command = [BIN, *args, "--workspace", workspace, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def values_by_user(run_path, qrels_path):
    """{metric: {user: value}} by trec_eval."""
    measures = [RR]
    for k in KS:
        measures += [P @ k, R @ k, nDCG @ k, AP @ k, Success @ k]
    by_measure = {str(m): {} for m in measures}
    qrels = list(ir_measures.read_trec_qrels(qrels_path))
    run = list(ir_measures.read_trec_run(run_path))
    for metric in ir_measures.pytrec_eval.iter_calc(measures, qrels, run):
        by_measure[str(metric.measure)][metric.query_id] = metric.value
    relevant = Counter(q.query_id for q in qrels)
    users = sorted(relevant)
    values = {"mrr": {u: by_measure["RR"].get(u, 0.0) for u in users}}
    for k in KS:
        names = {"precision": P @ k, "recall": R @ k, "ndcg": nDCG @ k, "hit_rate": Success @ k}
        for name, measure in names.items():
            theirs = by_measure[str(measure)]
            values[f"{name}_at_{k}"] = {u: theirs.get(u, 0.0) for u in users}
        room = {u: min(k, relevant[u]) for u in users}
        precision = by_measure[str(P @ k)]
        average = by_measure[str(AP @ k)]
        values[f"recall_capped_at_{k}"] = {u: precision.get(u, 0.0) * k / room[u] for u in users}
        values[f"map_at_{k}"] = {u: average.get(u, 0.0) * relevant[u] / room[u] for u in users}
    return values


def read_lists(run_path):
    lists = {}
    with open(run_path, encoding="utf-8") as lines:
        for line in lines:
            user, _, item, rank, _, _ = line.split()
            lists.setdefault(user, []).append(item)
            assert len(lists[user]) == int(rank)
    return lists


def beyond(lists, n_items):
    """Coverage, Gini and personalisation at every k."""
    values = {}
    for k in KS:
        cut = [items[:k] for items in lists.values()]
        shown = Counter(itertools.chain.from_iterable(cut))
        exposure = numpy.zeros(n_items)
        exposure[: len(shown)] = list(shown.values())
        differences = numpy.abs(exposure[:, None] - exposure[None, :]).sum()
        values[f"coverage_at_{k}"] = len(shown) / n_items
        values[f"gini_at_{k}"] = float(differences / (2 * n_items * exposure.sum()))
        sets = [set(items) for items in cut]
        overlaps = [len(a & b) / k for a, b in itertools.combinations(sets, 2)]
        values[f"personalisation_at_{k}"] = 1 - math.fsum(overlaps) / len(overlaps)
    return values


def check_evaluation(workspace, label, run_id, n_items, *args):
    """Evaluate a run and compare all its metrics; returns the outside values by user."""
    prefix = os.path.join(workspace, label.replace(" ", "_"))
    result = program(
        workspace, "evaluate", "--run", run_id, "--part", "test", "--trec", prefix, *args
    )
    values = values_by_user(prefix + ".run", prefix + ".qrels")
    got = result["metrics"]
    check(
        result["users_evaluated"] == len(values["mrr"]),
        f"{label}: users evaluated",
        f"{result['users_evaluated']}, not {len(values['mrr'])}",
    )
    for name, by_user in values.items():
        mean = math.fsum(by_user.values()) / len(by_user)
        check_close(got.get(name), mean, f"{label}: {name}")
    for name, value in beyond(read_lists(prefix + ".run"), n_items).items():
        check_close(got.get(name), value, f"{label}: {name}")
    check_interval(result, values, label)
    return values


def check_interval(result, values, label):
    """Another generator's resamples: bounds agree to a tenth of the interval's width."""
    for name in ("ndcg_at_10", "precision_at_20"):
        v = numpy.array(list(values[name].values()))
        theirs = scipy.stats.bootstrap(
            (v,), numpy.mean, n_resamples=5000, batch=500, method="percentile", rng=1
        ).confidence_interval
        lo, hi = result["intervals"][name]
        width = theirs.high - theirs.low
        good = abs(lo - theirs.low) < 0.1 * width and abs(hi - theirs.high) < 0.1 * width
        check(good, f"{label}: interval of {name}", f"{lo} .. {hi}, not {theirs}")


def check_comparison(workspace, label, runs, metric, a, b, exact_ties):
    """The difference of two runs; where values are plain ratios of counts, also the p-value: there
    both programs see the same ties, to the last bit."""
    (pair,) = program(workspace, "compare", *runs, "--metric", metric)["pairs"]
    users = sorted(a[metric])
    x = numpy.array([a[metric][u] for u in users])
    y = numpy.array([b[metric][u] for u in users])
    check_close(pair["difference"], float((x - y).mean()), f"{label}: difference of {metric}")
    if exact_ties:
        p = scipy.stats.wilcoxon(x - y, zero_method="wilcox", correction=False).pvalue
        check_close(pair["p_value"], float(p), f"{label}: wilcoxon of {metric}")


def main(workspace):
    program(workspace, "data", "fetch", "--dataset", "ml-latest-small")
    program(workspace, "data", "prepare", "--dataset", "ml-latest-small")
    for protocol in ("user-temporal", "global-temporal"):
        split = program(
            workspace, "data", "split", "--dataset", "ml-latest-small", "--protocol", protocol
        )
        n_items = split["card"]["counts"]["split_items"]
        where = ("--dataset", "ml-latest-small", "--split", protocol)
        runs = {}
        values = {}
        for model, settings in (("popularity", ("--set", "score=sum")), ("als", ())):
            trained = program(workspace, "train", "--model", model, *settings, *where)
            runs[model] = str(trained["run_id"])
            for exclude in ("train+val", "train", "none"):
                label = f"{protocol} {model} less {exclude}"
                values[model, exclude] = check_evaluation(
                    workspace, label, runs[model], n_items, "--exclude", exclude
                )
            program(workspace, "evaluate", "--run", runs[model])
        pair = (runs["als"], runs["popularity"])
        a, b = values["als", "train+val"], values["popularity", "train+val"]
        for metric in ("precision_at_10", "recall_at_10", "hit_rate_at_20", "ndcg_at_10"):
            check_comparison(workspace, protocol, pair, metric, a, b, metric != "ndcg_at_10")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
