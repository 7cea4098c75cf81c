# La porte d'entrée. « make » seul affiche cette aide. Aucun terminal n'est nécessaire.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := aide
.NOTPARALLEL:

PYTHON ?= python3
UV_VERSION := 0.13.9
# The machine's uv if it has one, else one of our own in .outils.
UV := $(shell command -v uv || echo .outils/bin/uv)
# The machine's own certificates: behind a private authority, uv's bundled ones reach no index.
export UV_SYSTEM_CERTS ?= 1
SERVICES := .venv/bin/python -m acces_soins.services

.PHONY: aide run serve real test test-long bench lint

aide: ## Affiche cette aide
	@echo "Observatoire de l'accès aux soins"
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r verb text; do printf '  make %-10s %s\n' "$$verb" "$$text"; done

run: .venv/a-jour .venv-superset/a-jour ## Une nuit entière sur les données d'essai (fictives)
	@ACCES_SOINS_SOURCES=essai $(SERVICES) night

serve: .venv/a-jour .venv-superset/a-jour ## Airflow et Superset sur cette machine, jusqu'à Ctrl-C
	@$(SERVICES) serve

real: extraits .venv/a-jour .venv-superset/a-jour ## La même nuit sur des extraits réels : make real EXTRAITS=<dossier>
	@ACCES_SOINS_SOURCES=direct ACCES_SOINS_EXTRAITS="$$(cd "$(EXTRAITS)" && pwd)" $(SERVICES) night

.PHONY: extraits
extraits:
	@test -n "$(EXTRAITS)" || { echo "Erreur : indiquer le dossier des extraits réels, make real EXTRAITS=<dossier>." >&2; exit 2; }
	@test -f "$(EXTRAITS)/INDEX.csv" || { echo "Erreur : $(EXTRAITS)/INDEX.csv est introuvable ; le dossier des extraits doit contenir INDEX.csv." >&2; exit 2; }

test: .venv/a-jour .venv-superset/a-jour ## Les tests que lance l'intégration continue
	.venv/bin/pytest -n 2 --dist loadgroup -m "not long" --ignore tests/benchmarks

test-long: .venv/a-jour .venv-superset/a-jour ## Les balayages exhaustifs
	.venv/bin/pytest -n 2 --dist loadgroup -m long

bench: .venv/a-jour .venv-superset/a-jour ## Mesure les durées à la taille nationale ; n'en juge aucune (ACCES_SOINS_BANC=0.05 : en bref)
	@$(UV) sync --locked --quiet --group bench </dev/null
	.venv/bin/pytest tests/benchmarks -s -q

lint: .venv/a-jour .venv-lint/a-jour ## Style du code, du SQL et des conteneurs
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	ACCES_SOINS_ENTREPOT=.venv-lint/vide.duckdb .venv-lint/bin/sqlfluff lint dbt_project/models
	.venv-lint/bin/hadolint docker/Dockerfile
	.venv-lint/bin/shellcheck docker/*.sh .ci/run

# One lock, two environments; each is synchronised again only when the lock has changed.
.venv/a-jour: uv.lock pyproject.toml | outils
	@echo "▸ Installation de l'environnement de la chaîne (.venv)"
	@$(UV) sync --locked --quiet </dev/null
	@touch $@

.venv-superset/a-jour: uv.lock pyproject.toml | outils
	@echo "▸ Installation de l'environnement de Superset (.venv-superset)"
	@UV_PROJECT_ENVIRONMENT=.venv-superset $(UV) sync --locked --quiet --no-install-project --only-group superset </dev/null
	@touch $@

.venv-lint/a-jour: uv.lock pyproject.toml | outils
	@echo "▸ Installation des outils de style (.venv-lint)"
	@UV_PROJECT_ENVIRONMENT=.venv-lint $(UV) sync --locked --quiet --group lint </dev/null
	@touch $@

.PHONY: outils
outils:
	@command -v "$(UV)" >/dev/null || { \
	  echo "▸ Installation de uv dans .outils"; \
	  $(PYTHON) -m venv .outils; \
	  .outils/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) </dev/null; }
