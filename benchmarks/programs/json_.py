"""JSON: parse, reshape and write back documents."""

import json


def order(i):
    return {
        "id": i,
        "customer": {"name": f"customer {i % 50}", "tags": ["new", "eu"] if i % 3 else ["old"]},
        "lines": [{"sku": f"s{i}-{k}", "quantity": k + 1, "price": 9.5 + k} for k in range(4)],
        "paid": i % 2 == 0,
    }


def summary(document):
    total = 0.0
    for line in document["lines"]:
        total += line["quantity"] * line["price"]
    return {"id": document["id"], "name": document["customer"]["name"], "total": round(total, 2)}


def main():
    texts = [json.dumps(order(i)) for i in range(1200)]
    reports = []
    by_name = {}
    for text in texts:
        document = json.loads(text)
        if not document["paid"]:
            continue
        report = summary(document)
        reports.append(report)
        by_name[report["name"]] = by_name.get(report["name"], 0) + report["total"]
    written = json.dumps(by_name, sort_keys=True, indent=2)
    return len(reports), len(written), json.loads(json.dumps(reports))[-1]
