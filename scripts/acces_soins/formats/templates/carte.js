"use strict";
(() => {
  const donnees = JSON.parse(document.getElementById("donnees").textContent);
  const id = (nom) => document.getElementById(nom);
  // Five classes, told apart whatever the eye: blue to orange where a side is better, violets where none is.
  const JUGE = ["#08519c", "#6baed6", "#d9d9d9", "#fdae6b", "#b34700"];
  const NEUTRE = ["#efedf5", "#cbc9e2", "#9e9ac8", "#756bb1", "#54278f"];
  const SVG = "http://www.w3.org/2000/svg";
  const etat = { indicateur: null, trimestre: 0, tri: "code", croissant: true, choisi: null };

  const nombre = (valeur, decimales) =>
    valeur.toLocaleString("fr-FR", { minimumFractionDigits: decimales, maximumFractionDigits: decimales }).replace("-", "\u2212");
  const avecUnite = (valeur) => {
    const i = etat.indicateur;
    return nombre(valeur, i.decimales) + (i.unite === "%" ? "\u202f%" : " " + i.unite);
  };
  const jour = (iso) => iso.split("-").reverse().join("/");
  const trimestre = (code) => (code[5] === "1" ? "1er" : code[5] + "e") + " trimestre " + code.slice(0, 4);
  const partage = (champ, rang) => (Array.isArray(champ) ? champ[rang] : champ);

  function cellules() {
    const t = etat.indicateur.trimestres[etat.trimestre];
    return donnees.territoires.map(([code, nom], rang) => {
      const [statut, libelle] = donnees.statuts[Number(t.statuts[rang])];
      return {
        code, nom, statut, libelle,
        valeur: t.valeurs[rang],
        date: partage(t.dates, rang),
        motif: partage(t.motifs, rang),
      };
    });
  }

  function classes(lignes) {
    const valeurs = lignes.map((l) => l.valeur).filter((v) => v !== null).sort((a, b) => a - b);
    if (!valeurs.length) return [];
    const distinctes = [...new Set(valeurs)];
    const { sens } = etat.indicateur;
    let bornes = distinctes.length <= 5
      ? distinctes
      : [...new Set([1, 2, 3, 4, 5].map((k) => valeurs[Math.ceil((k * valeurs.length) / 5) - 1]))];
    const palette = sens === "neutre" ? NEUTRE : sens === "baisse" ? JUGE : [...JUGE].reverse();
    const couleur = (k) => palette[bornes.length === 1 ? 2 : Math.round((k * 4) / (bornes.length - 1))];
    return bornes.map((haut, k) => {
      const dedans = valeurs.filter((v) => v <= haut && (k === 0 || v > bornes[k - 1]));
      return { haut, bas: dedans[0], couleur: couleur(k), nombre: dedans.length };
    });
  }

  function pastille(fond, points) {
    const dessin = document.createElementNS(SVG, "svg");
    dessin.setAttribute("viewBox", "0 0 66 40");
    dessin.setAttribute("aria-hidden", "true");
    for (const remplissage of points ? [fond, "url(#m-reporte)"] : [fond]) {
      const carre = document.createElementNS(SVG, "rect");
      carre.setAttribute("width", "66");
      carre.setAttribute("height", "40");
      carre.setAttribute("fill", remplissage);
      dessin.append(carre);
    }
    return dessin;
  }

  function entree(fond, texte, points) {
    const ligne = document.createElement("li");
    const mots = document.createElement("span");
    mots.textContent = texte;
    ligne.append(pastille(fond, points), mots);
    return ligne;
  }

  function legende(lignes, groupes) {
    const { sens, decimales } = etat.indicateur;
    const liste = id("legende");
    liste.replaceChildren();
    groupes.forEach((g, k) => {
      const bornes = g.bas === g.haut
        ? nombre(g.haut, decimales)
        : `${nombre(g.bas, decimales)} à ${nombre(g.haut, decimales)}`;
      const bout = k === 0 ? "hausse" : "baisse";
      const extreme = groupes.length > 1 && (k === 0 || k === groupes.length - 1);
      const jugement = sens === "neutre" || !extreme ? "" : sens === bout ? ", le moins favorable" : ", le plus favorable";
      liste.append(entree(g.couleur, `${bornes}${jugement} (${g.nombre})`));
    });
    const compte = (statut) => lignes.filter((l) => l.statut === statut).length;
    for (const [statut, libelle] of donnees.statuts) {
      if (!compte(statut)) continue;
      if (statut === "reporte") liste.append(entree("#fff", `Points : ${libelle.toLowerCase()}, plus ancien que le trimestre (${compte(statut)})`, true));
      else if (id("m-" + statut)) liste.append(entree(`url(#m-${statut})`, `${libelle}, aucune valeur (${compte(statut)})`));
    }
  }

  function dessine(lignes, groupes) {
    for (const l of lignes) {
      const groupe = l.valeur === null ? null : groupes.find((g) => l.valeur <= g.haut);
      document.querySelectorAll(`[data-code="${l.code}"]`).forEach((forme) => {
        forme.style.fill = groupe ? groupe.couleur : `url(#m-${l.statut}${forme.dataset.fin || ""})`;
        forme.classList.toggle("vide", !groupe);
        forme.classList.toggle("choisi", l.code === etat.choisi);
      });
      document.querySelectorAll(`[data-points="${l.code}"]`).forEach((forme) => {
        forme.style.fill = l.statut === "reporte" ? `url(#m-reporte${forme.dataset.fin || ""})` : "none";
      });
    }
  }

  function statutEnClair(l) {
    return l.libelle + (l.motif ? ` (${donnees.motifs[l.motif] || l.motif})` : "");
  }

  function tableau(lignes) {
    const valeurDe = { code: (l) => l.code, nom: (l) => l.nom, valeur: (l) => l.valeur };
    const lue = valeurDe[etat.tri];
    const triees = [...lignes].sort((a, b) => {
      const [x, y] = [lue(a), lue(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const ordre = typeof x === "string" ? x.localeCompare(y, "fr") : x - y;
      return etat.croissant ? ordre : -ordre;
    });
    id("lignes").replaceChildren(...triees.map((l) => {
      const rangee = document.createElement("tr");
      const cases = [
        ["td", l.code], ["th", l.nom],
        ["td", l.valeur === null ? "—" : nombre(l.valeur, etat.indicateur.decimales)],
        ["td", statutEnClair(l)], ["td", l.date ? jour(l.date) : "—"],
      ].map(([sorte, texte]) => {
        const c = document.createElement(sorte);
        c.textContent = texte;
        return c;
      });
      cases[1].scope = "row";
      cases[2].className = "nombre";
      rangee.append(...cases);
      return rangee;
    }));
    document.querySelectorAll("th[data-tri]").forEach((entete) => {
      const actif = entete.dataset.tri === etat.tri;
      entete.setAttribute("aria-sort", actif ? (etat.croissant ? "ascending" : "descending") : "none");
    });
  }

  function detail(lignes) {
    const i = etat.indicateur;
    const t = i.trimestres[etat.trimestre];
    const l = lignes.find((ligne) => ligne.code === etat.choisi);
    const phrases = l
      ? [`${l.code} – ${l.nom}`,
         l.valeur === null ? "Aucune valeur." : avecUnite(l.valeur),
         statutEnClair(l) + (l.date ? `, se rapporte au ${jour(l.date)}` : "")]
      : ["Montrer ou toucher un département pour lire sa valeur."];
    phrases.push("France : " + (t.france === null ? "aucune valeur ce trimestre" : avecUnite(t.france)));
    id("detail").replaceChildren(...phrases.map((phrase, rang) => {
      const p = document.createElement("p");
      const mots = document.createElement(rang === 0 && l ? "strong" : "span");
      mots.textContent = phrase;
      p.append(mots);
      return p;
    }));
  }

  function montre() {
    const i = etat.indicateur;
    const lignes = cellules();
    const groupes = classes(lignes);
    const quand = trimestre(donnees.trimestres[etat.trimestre]);
    id("definition").textContent = `${i.definition} Unité : ${i.unite}.`;
    id("titre-carte").textContent = `${i.libelle}, ${quand}, par département ; les mêmes valeurs sont dans le tableau.`;
    id("titre-tableau").textContent = `${i.libelle} (${i.unite}), ${quand}`;
    legende(lignes, groupes);
    dessine(lignes, groupes);
    tableau(lignes);
    detail(lignes);
  }

  function choisit(code) {
    if (code === etat.choisi) return;
    etat.choisi = code;
    const lignes = cellules();
    dessine(lignes, classes(lignes));
    detail(lignes);
  }

  const liste = id("indicateur");
  for (const [theme, libelle] of Object.entries(donnees.themes)) {
    const groupe = document.createElement("optgroup");
    groupe.label = libelle;
    donnees.indicateurs.forEach((i, rang) => {
      if (i.theme === theme) groupe.append(new Option(i.libelle, rang));
    });
    if (groupe.children.length) liste.append(groupe);
  }
  donnees.trimestres.forEach((code, rang) => id("trimestre").append(new Option(trimestre(code), rang)));
  etat.trimestre = donnees.trimestres.length - 1;
  etat.indicateur = donnees.indicateurs.find((i) => i.code === donnees.premier) || donnees.indicateurs[0];
  liste.value = donnees.indicateurs.indexOf(etat.indicateur);
  id("trimestre").value = etat.trimestre;

  liste.addEventListener("change", () => {
    etat.indicateur = donnees.indicateurs[Number(liste.value)];
    montre();
  });
  id("trimestre").addEventListener("change", (e) => {
    etat.trimestre = Number(e.target.value);
    montre();
  });
  for (const geste of ["pointerover", "click"]) {
    id("france").addEventListener(geste, (e) => {
      if (e.target.dataset.code) choisit(e.target.dataset.code);
    });
  }
  document.querySelectorAll("th[data-tri] button").forEach((bouton) => {
    bouton.addEventListener("click", () => {
      const tri = bouton.parentElement.dataset.tri;
      etat.croissant = etat.tri === tri ? !etat.croissant : true;
      etat.tri = tri;
      tableau(cellules());
    });
  });
  montre();
})();
