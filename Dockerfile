# Parcours for production: one image, four uses (web, worker, beat, migrate); see docker-compose.yml.

FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/parcours
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md ./
COPY requirements/production.txt requirements/
# every file that is installed is the one that was tested, by its hash
RUN /opt/parcours/bin/pip install --require-hashes --requirement requirements/production.txt
COPY engine engine
COPY pathways pathways
COPY web web
COPY worker worker
COPY cli cli
# the build asks for Node by itself, as a Python package, and leaves it behind
RUN /opt/parcours/bin/pip install --no-deps .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/parcours --create-home parcours
COPY --from=build /opt/parcours /opt/parcours
ENV PATH=/opt/parcours/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PARCOURS_MODE=production PARCOURS_DATA_DIR=/var/lib/parcours
WORKDIR /var/lib/parcours
USER 10001
EXPOSE 8000
CMD ["gunicorn", "cli.wsgi:application()", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--workers=2", "--threads=16", "--worker-tmp-dir=/dev/shm"]
